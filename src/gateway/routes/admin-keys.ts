import { SluiceError } from '../../errors.ts'
import { keyOf, LOCAL } from '../caller.ts'
import type { GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'
import { issuedToWire, keyToWire, readKeySpec, readOverlap } from '../key-wire.ts'

/** Bytes of a description: a list of a thousand models at most. */
const MAX_BODY = 1024 * 1024

/** `GET /admin/v1/keys`: every key there is or was, oldest first. None of them with its secret: nobody has it. */
export function listKeys(context: GatewayContext, call: Call): Response {
  const now = context.clock.date()
  const data = context.keys.book.list().map((record) => ({
    ...keyToWire(record, now),
    // Of a key that is over nothing more is spent.
    spent: record.revokedAt === undefined ? context.admission.spentBy(record) : undefined,
  }))
  return Response.json({ object: 'list', data }, { headers: baseHeaders(call.get('requestId')) })
}

/** `POST /admin/v1/keys`: makes a key, and shows it this once. */
export async function createKey(context: GatewayContext, call: Call): Promise<Response> {
  const now = context.clock.date()
  const spec = readKeySpec(parseJsonBody(await call.env.body(MAX_BODY)), now)
  const issued = context.keys.change((book) => book.create(spec))
  note(context, call, issued.record.id, 'key created')
  return shownOnce(call, issuedToWire(issued, now), 201)
}

/** `POST /admin/v1/keys/{id}/revoke`: ends a key and its open streams; repeating it changes nothing. */
export function revokeKey(context: GatewayContext, call: Call): Response {
  const record = context.keys.change((book) => book.revoke(call.req.param('id') ?? ''))
  if (record === undefined) throw unknown()
  note(context, call, record.id, 'key revoked')
  return Response.json(keyToWire(record, context.clock.date()), { headers: baseHeaders(call.get('requestId')) })
}

/** `POST /admin/v1/keys/{id}/rotate`: gives a key another secret, and shows it this once. `{"overlap": "1h"}` keeps the old one so long. */
export async function rotateKey(context: GatewayContext, call: Call): Promise<Response> {
  const bytes = await call.env.body(MAX_BODY)
  const overlap = readOverlap(bytes.length === 0 ? undefined : overlapIn(parseJsonBody(bytes)))
  const issued = context.keys.change((book) => book.rotate(call.req.param('id') ?? '', overlap))
  if (issued === undefined) throw unknown()
  note(context, call, issued.record.id, 'key rotated')
  return shownOnce(call, issuedToWire(issued, context.clock.date()), 200)
}

function overlapIn(body: unknown): string | undefined {
  if (typeof body === 'object' && body !== null) {
    if (!('overlap' in body)) return undefined
    if (typeof body.overlap === 'string') return body.overlap
  }
  throw new SluiceError('invalid_value', 'Expected {"overlap": "1h"}', { param: 'overlap' })
}

function shownOnce(call: Call, body: object, status: number): Response {
  return Response.json(body, {
    status,
    headers: { ...baseHeaders(call.get('requestId')), 'cache-control': 'no-store' },
  })
}

/** Who did what to which key: never the key. */
function note(context: GatewayContext, call: Call, key: string, what: string): void {
  context.logger.info({ key, by: keyOf(call)?.id ?? LOCAL, request: call.get('requestId') }, what)
}

function unknown(): SluiceError {
  return new SluiceError('key_not_found', 'There is no key with this id')
}
