import { z } from 'zod'
import { SluiceError } from '../../errors.ts'
import type { GatewayContext } from '../context.ts'
import { baseHeaders, type Call } from '../http.ts'
import { parseJsonBody } from '../json-body.ts'

/** Bytes of a key pair. */
const MAX_BODY = 8 * 1024

const keyPair = z.looseObject({ keyId: z.string().min(1).max(128), secret: z.string().min(1).max(512) })

/** `POST /api/v1/auth/token`: a key id and its secret for a token, in Evolution's words. */
export async function issueToken(context: GatewayContext, call: Call): Promise<Response> {
  const checked = keyPair.safeParse(parseJsonBody(await call.env.body(MAX_BODY)))
  if (!checked.success) {
    const param = checked.error.issues[0]?.path.map(String).join('.')
    throw new SluiceError('invalid_value', 'Expected {"keyId": "…", "secret": "…"}', { param })
  }
  const { keyId, secret } = checked.data
  const issued = context.clients.issue(keyId, secret)
  if (issued === undefined) throw new SluiceError('invalid_api_key', 'There is no client with this key id and secret')
  const headers = { ...baseHeaders(call.get('requestId')), 'cache-control': 'no-store' }
  return Response.json({ access_token: issued.token, expires_in: issued.expiresIn, token_type: 'Bearer' }, { headers })
}
