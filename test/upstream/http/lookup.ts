import dns from 'node:dns'
import { mock } from 'node:test'

/**
 * Lets every name have these addresses, or none, until `mock.restoreAll()`. Servers ask too: start them before.
 * Gives the names that were asked for.
 */
export function resolving(...addresses: readonly string[]): readonly string[] {
  const asked: string[] = []
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  mock.method(dns, 'lookup', (name: string, _options: object, done: (...given: readonly unknown[]) => void) => {
    asked.push(name)
    if (found.length > 0) process.nextTick(done, null, found)
    else process.nextTick(done, Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
  })
  return asked
}
