import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judge, Witness, type Seen } from './kill/witness.ts'
import { runKill } from './kill/run.ts'
import { Violations } from './violations.ts'

function content(text: string, finish: string | null = null): string {
  return JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })
}

/** What the checker finds when one reader after the other is given these events. */
function found(truth: string, ...readers: readonly (readonly string[])[]): readonly string[] {
  const seen: Seen = { id: 'st_x', truth, way: 'cannot', acknowledged: new Map(), terminal: undefined }
  const violations = new Violations()
  for (const events of readers) {
    const witness = new Witness(seen, violations, { events: 0 })
    for (const [offset, data] of events.entries()) witness.take(`st_x:${offset}`, data)
  }
  judge(seen, violations)
  return violations.list().map(({ what }) => what)
}

const LOST = '{"error":{"message":"m","type":"t","code":"producer_lost","param":null}}'

describe('kill -9 under load', () => {
  test('no acknowledged event is lost, changed or repeated, and every stream has one end', async () => {
    const printed: string[] = []
    const isSound = await runKill({ seed: 1, rounds: 1, streams: 24 }, (text) => printed.push(text))
    assert.ok(isSound, printed.join('\n'))
    assert.match(printed.join('\n'), /violations +0$/m)
  })

  test('the checker accepts a whole answer, and the beginning of one that ends with producer_lost', () => {
    const whole = [content('Hello'), content('', 'stop'), '[DONE]']
    assert.deepEqual(found('Hello', whole, whole), [])
    assert.deepEqual(found('Hello', [content('Hel')], [content('Hel'), LOST]), [])
  })

  test('the checker sees an acknowledged event that is gone or has changed', () => {
    assert.ok(found('Hello', [content('Hel'), content('lo')], [content('Hel'), LOST]).length > 0)
    assert.ok(found('Hello', [content('Hel')], [content('Hal'), LOST]).length > 0)
  })

  test('the checker sees a second terminal, and one that is another for a later reader', () => {
    assert.ok(found('Hello', [content('Hel'), LOST, LOST]).length > 0)
    assert.ok(found('Hello', [content('Hello', 'stop'), '[DONE]'], [content('Hello', 'stop'), LOST]).length > 0)
  })

  test('the checker sees a success that is not whole, and text that is not the truth', () => {
    assert.ok(found('Hello', [content('Hel', 'stop'), '[DONE]']).length > 0)
    assert.ok(found('Hello', [content('Hallo'), LOST]).length > 0)
  })
})
