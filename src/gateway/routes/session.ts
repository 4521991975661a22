import { z } from 'zod'
import { SluiceError } from '../../errors.ts'
import type { GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'

/** Bytes of a login. */
const MAX_BODY = 8 * 1024

const login = z.union([
  z.strictObject({ key: z.string().min(1).max(512) }),
  z.strictObject({ keyId: z.string().min(1).max(128), secret: z.string().min(1).max(512) }),
])

/** `POST /session`: a key, or a client's key id and secret, for a cookie that the page is known by. */
export async function beginSession(context: GatewayContext, call: Call): Promise<Response> {
  if (!/^application\/json\b/i.test(call.req.header('content-type') ?? '')) {
    throw new SluiceError('invalid_value', 'Expected application/json', { param: 'content-type' })
  }
  const checked = login.safeParse(parseJsonBody(await call.env.body(MAX_BODY)))
  if (!checked.success) {
    throw new SluiceError('invalid_value', 'Expected {"key": "…"} or {"keyId": "…", "secret": "…"}')
  }
  return answer(call, context.sessions.begin(context, call, checked.data))
}

/** `DELETE /session`: the page is known no more. */
export function endSession(context: GatewayContext, call: Call): Response {
  return answer(call, context.sessions.end(call))
}

/**
 * `GET /session`: whether everybody may call (`open`), whether keys or tokens are asked for (`keyed`), and
 * whose session this is: `caller` and `name` when there is one, and whether it is an `admin` key's.
 */
export function whoAmI(context: GatewayContext, call: Call): Response {
  const isKeyed = context.keys.isRequired || !context.clients.isOpen
  return Response.json(
    { open: !isKeyed, keyed: isKeyed, admin: false, ...(isKeyed ? self(context, call) : {}) },
    { headers: headersOf(call) },
  )
}

function self(context: GatewayContext, call: Call): object {
  try {
    const session = context.sessions.of(context, call)
    if (session === undefined) return {}
    if (session.type === 'client') return { caller: context.clients.callerOf(session.authorization) }
    const { id, name, scope } = session.record
    return { caller: id, name, admin: scope === 'admin' }
  } catch (thrown) {
    // Over, for whatever reason: the page asks for a login.
    if (SluiceError.from(thrown).status === 401) return {}
    throw thrown
  }
}

function answer(call: Call, cookie: string): Response {
  return new Response(null, { status: 204, headers: { ...headersOf(call), 'set-cookie': cookie } })
}

function headersOf(call: Call): Record<string, string> {
  return { ...baseHeaders(call.get('requestId')), 'cache-control': 'no-store', vary: 'Cookie' }
}
