import type { Provider } from '../provider/provider.ts'

/** Where a provider is asked for something, as a request says it. */
export interface Address {
  /** `https://api.example.com:8443` */
  readonly origin: string
  /** `api.example.com:8443` */
  readonly host: string
  /** With the query. */
  readonly path: string
}

const addresses = new WeakMap<Provider, Map<string, Address>>()

/** Remembered: to take a URL apart costs 2 us, and there are three paths that a provider is asked for. */
export function addressOf(provider: Provider, path: string): Address {
  let known = addresses.get(provider)
  if (known === undefined) addresses.set(provider, (known = new Map()))
  let address = known.get(path)
  if (address === undefined) {
    const url = new URL(`${provider.baseUrl}${path}`)
    for (const [name, value] of Object.entries(provider.query)) url.searchParams.set(name, value)
    known.set(path, (address = { origin: url.origin, host: url.host, path: url.pathname + url.search }))
  }
  return address
}
