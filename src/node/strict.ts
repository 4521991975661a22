import type { IncomingMessage } from 'node:http'
import { SluiceError } from '../errors.ts'

/**
 * Refuses what Node's parser lets pass and a gateway must not (RFC 9112, section 3.2): more than one
 * Host, absolute-form targets, paths that mean another path after decoding. Throws `bad_http` or
 * `host_not_allowed`. `allowedHosts`: names without port; empty allows every well-formed one.
 */
export function refuseBadTarget(request: IncomingMessage, allowedHosts: ReadonlySet<string>): void {
  checkPath(request.url ?? '')
  checkHost(hostsOf(request.rawHeaders), allowedHosts)
}

function checkPath(url: string): void {
  if (!url.startsWith('/')) throw new SluiceError('bad_http', 'The request target must start with /')
  const end = url.indexOf('?')
  const path = end === -1 ? url : url.slice(0, end)
  if (path.length > 2_048 || /[^\x21-\x7e]/.test(path)) {
    throw new SluiceError('bad_http', 'The path is too long or holds characters that must be encoded')
  }
  // What a decoder could read as another path names nothing here.
  if (/\\|\/\/|%2f|%5c|%2e|%00|\/\.{1,2}(?:\/|$)/i.test(path)) {
    throw new SluiceError('route_not_found', 'A path here has no dot segments, empty segments or encoded slashes')
  }
}

/** Every Host field: Node's own `headers` keeps only the first, and its `headersDistinct` costs an object per request. */
function hostsOf(raw: readonly string[]): readonly string[] {
  const hosts: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts.push(raw[i + 1] ?? '')
  }
  return hosts
}

const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::\d{1,5})?$/i

function checkHost(hosts: readonly string[], allowed: ReadonlySet<string>): void {
  const [host] = hosts
  if (hosts.length !== 1 || host === undefined)
    throw new SluiceError('bad_http', 'A request needs exactly one Host field')
  if (host.length > 261 || !HOST.test(host)) throw new SluiceError('bad_http', 'The Host field is not a host name')
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase()
  if (allowed.size > 0 && !allowed.has(name)) {
    throw new SluiceError('host_not_allowed', 'This host name is not served here; add it to server.allowedHosts')
  }
}
