import { OpenAIError } from './errors.ts'
import type { TokenExchange, TokenExchangeOptions } from './evolution.ts'

/** What a request is authorised with. */
export interface Credential {
  /** The bearer token for the next request; `undefined` sends none. */
  token(): Promise<string | undefined>
  /**
   * Whether another token may help after this refusal of `token`, which is then forgotten. Asked once per
   * request.
   */
  refresh(token: string | undefined, status: number, body: string): boolean
}

/** A key that stays, or a function that is asked for each request. */
export function keyCredential(key: string | (() => Promise<string>) | undefined): Credential {
  return {
    token: async () => (typeof key === 'function' ? checked(await called(key)) : key),
    // A function may have a new one.
    refresh: (_token, status) => typeof key === 'function' && status === 401,
  }
}

/** A key pair that is exchanged for tokens. What does that is loaded with the first request. */
export function pairCredential(options: TokenExchangeOptions): Credential {
  let exchange: TokenExchange | undefined
  return {
    async token() {
      const { TokenExchange } = await import('./evolution.ts')
      return (exchange ??= new TokenExchange(options)).token()
    },
    refresh: (token, status, body) => exchange?.refresh(token, status, body) ?? false,
  }
}

async function called(key: () => Promise<string>): Promise<unknown> {
  try {
    return await key()
  } catch (cause) {
    if (cause instanceof OpenAIError) throw cause
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new OpenAIError(`Failed to get token from 'apiKey' function: ${words}`, { cause })
  }
}

function checked(token: unknown): string {
  if (typeof token === 'string' && token !== '') return token
  throw new OpenAIError(`Expected 'apiKey' function argument to return a string but it returned ${String(token)}`)
}
