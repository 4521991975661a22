import type { DialectName, Provider } from '../provider/provider.ts'
import { SECRET_NAME } from '../provider/redact.ts'

/** Whose words an answer is made of. */
export interface Origin {
  /** The provider's name in the configuration. */
  readonly provider: string
  readonly dialect: DialectName
  /** Takes out of a text what we sent to prove who we are: some services repeat it in their refusals. */
  readonly conceal: (text: string) => string
}

/** Nobody's key is this short, and taking such a word out of a message would hide what happened. */
const SHORTEST_SECRET = 4

/** See `Origin.conceal`, for the credential's header fields and those of the provider's own that hold a secret. */
export function concealing(
  fields: Readonly<Record<string, string>>,
  provider: Pick<Provider, 'headers' | 'query'>,
): Origin['conceal'] {
  return (text) => {
    let concealed = text
    const own = Object.entries({ ...provider.headers, ...provider.query }).filter(([name]) => SECRET_NAME.test(name))
    for (const value of [...Object.values(fields), ...own.map(([, secret]) => secret)]) {
      const secret = value.slice(value.lastIndexOf(' ') + 1)
      if (secret.length >= SHORTEST_SECRET) concealed = concealed.replaceAll(secret, '[redacted]')
    }
    return concealed
  }
}
