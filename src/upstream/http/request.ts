import { Buffer } from 'node:buffer'
import { SluiceError } from '../../errors.ts'

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Anything but a tab and visible ASCII: a line end here would be a field, or a request, of somebody else's. */
const NOT_IN_VALUE = /[^\t\x20-\x7e]/

/** One request. */
export interface Request {
  readonly method: 'GET' | 'POST'
  /** With the query. */
  readonly path: string
  /** Host and, where it is not the standard one, port. */
  readonly host: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/**
 * A request as it goes out, head and body. RFC 9112, section 3. Throws `internal`, which names the field, for a name
 * or a value that no field may have; its value may be a secret and is not told.
 */
export function requestText({ method, path, host, fields, body }: Request): string {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  for (const name in fields) {
    const value = fields[name] ?? ''
    if (!NAME.test(name)) throw new SluiceError('internal', `"${name}" is no name of a header field`)
    if (NOT_IN_VALUE.test(value))
      throw new SluiceError('internal', `The header field "${name}" has a character that is not visible ASCII`)
    head += `${name}: ${value}\r\n`
  }
  if (body === undefined && method === 'GET') return `${head}\r\n`
  return `${head}content-length: ${Buffer.byteLength(body ?? '')}\r\n\r\n${body ?? ''}`
}
