import type { DialectName, Provider } from '../provider/provider.ts'
import { SECRET_NAME } from '../provider/redact.ts'

/** Whose words an answer is made of. */
export interface Origin {
  /** The provider's name in the configuration. */
  readonly provider: string
  readonly dialect: DialectName
  /** Takes out of a text what we sent to prove who we are: some services repeat it in their refusals. */
  conceal(text: string): string
}

/** Nobody's key is this short, and taking such a word out of a message would hide what happened. */
const SHORTEST_SECRET = 4

/** The origin of what a provider sends; `fields`: the credential's header fields. */
export class ProviderOrigin implements Origin {
  readonly #provider: Provider
  readonly #fields: Readonly<Record<string, string>>

  constructor(provider: Provider, fields: Readonly<Record<string, string>>) {
    this.#provider = provider
    this.#fields = fields
  }

  get provider(): string {
    return this.#provider.name
  }

  get dialect(): DialectName {
    return this.#provider.dialect
  }

  conceal(text: string): string {
    let concealed = text
    const { headers, query } = this.#provider
    const own = Object.entries({ ...headers, ...query }).filter(([name]) => SECRET_NAME.test(name))
    for (const value of [...Object.values(this.#fields), ...own.map(([, secret]) => secret)]) {
      const secret = value.slice(value.lastIndexOf(' ') + 1)
      if (secret.length >= SHORTEST_SECRET) concealed = concealed.replaceAll(secret, '[redacted]')
    }
    return concealed
  }
}
