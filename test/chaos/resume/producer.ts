import type { ErrorEnvelope } from '../../../src/errors.ts'
import { SluiceError } from '../../../src/errors.ts'
import type { Outcome } from '../../../src/log/stream-log.ts'

/** What the end of a story that does not complete is told as. */
export function errorEnvelope(status: Outcome['status']): ErrorEnvelope['error'] {
  const code = status === 'cancelled' ? 'cancelled' : 'upstream_interrupted'
  return new SluiceError(code, 'The story ends here').toEnvelope().error
}
