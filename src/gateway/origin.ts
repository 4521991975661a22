import { SluiceError } from '../errors.ts'
import type { Call } from './http.ts'

/**
 * Refuses pages of other sites where a caller is known by nothing that a page could not send. Where a
 * browser says where a request is from, it must be from here or from nowhere. Throws `permission_denied`.
 */
export function refuseForeign(call: Call): void {
  const site = call.req.header('sec-fetch-site')
  const origin = call.req.header('origin')
  const isForeign =
    site === undefined
      ? origin !== undefined && origin.replace(/^https?:\/\//, '') !== call.req.header('host')
      : site !== 'same-origin' && site !== 'none'
  if (isForeign) throw foreign()
}

/**
 * Refuses what a browser says another site's page asked for. Milder than `refuseForeign`: a proxy before us
 * may have given us another name than the page knows us by. Throws `permission_denied`.
 */
export function refuseCrossSite(call: Call): void {
  const site = call.req.header('sec-fetch-site')
  if (site === undefined ? isForeignForm(call) : site === 'cross-site') throw foreign()
}

/**
 * Browsers do not tell the site to a plain-HTTP address of a network. But what another origin's page can send
 * without asking us first, which we would refuse, is not JSON.
 */
function isForeignForm(call: Call): boolean {
  const origin = call.req.header('origin')
  if (origin === undefined || origin.replace(/^https?:\/\//, '') === call.req.header('host')) return false
  const isJson = /^application\/json\s*(?:;|$)/i.test(call.req.header('content-type') ?? '')
  return !isJson && call.req.header('content-length') !== '0'
}

function foreign(): SluiceError {
  return new SluiceError('permission_denied', 'Pages of other sites cannot ask here')
}
