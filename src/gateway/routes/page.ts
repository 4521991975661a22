import { SluiceError } from '../../errors.ts'
import type { GatewayContext } from '../context.ts'
import type { Call } from '../http.ts'
import type { PageFile } from '../page.ts'

/**
 * What the page may do: run its own files and talk to this gateway, nothing else. It may not be framed, and
 * no string can become markup or code in it (trusted types, of which there is no policy).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** The chat, and the operator's page. */
const DOCUMENTS: Readonly<Record<string, string>> = { '/': '/index.html', '/streams': '/streams.html' }

/** `GET /`, `GET /streams` and their files: from a closed set of names, so that no path leads anywhere else. */
export async function page(context: GatewayContext, call: Call): Promise<Response> {
  const { path } = call.req
  const files = await context.page?.files()
  const file = files?.get(DOCUMENTS[path] ?? path)
  if (file === undefined) throw new SluiceError('route_not_found', `There is no ${call.req.method} ${path} here`)
  const headers = headersOf(file, path)
  if (call.req.header('if-none-match')?.includes(file.etag) === true)
    return new Response(null, { status: 304, headers })
  const isZipped = file.zipped !== undefined && /\bgzip\b/.test(call.req.header('accept-encoding') ?? '')
  if (isZipped) headers.set('content-encoding', 'gzip')
  return new Response(isZipped ? file.zipped : file.bytes, { headers })
}

function headersOf(file: PageFile, path: string): Headers {
  return new Headers({
    'content-type': file.type,
    etag: file.etag,
    vary: 'Accept-Encoding',
    // A file of assets/ has its hash in its name.
    'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
}
