import type { GatewayConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/**
 * Refuses to listen where others can reach a gateway that asks for no key. Throws `SluiceError`
 * `config_invalid`, which says what to do.
 */
export function refuseUnguarded(config: GatewayConfig, isOpen: boolean): void {
  if (!isOpen) return
  const hosts = [config.server.host, ...(config.admin === undefined ? [] : [config.admin.host])]
  const reachable = hosts.find((host) => !isLoopback(host))
  if (reachable === undefined) return
  const { dir } = config.log
  const lines = [
    `${reachable} can be reached from other machines, and this gateway has no keys yet, so anybody could use it.`,
    dir === undefined
      ? 'Give it a folder to keep keys in (--data DIR), and create one there:'
      : 'Create one, and start again:',
    `  sluice keys create --data ${dir ?? 'DIR'} --name NAME`,
    'or listen on this machine only: --host 127.0.0.1',
  ]
  throw new SluiceError('config_invalid', lines.join('\n'))
}
