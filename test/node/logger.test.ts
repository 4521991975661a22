import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'

const LOGGER = new URL('../../src/node/logger.ts', import.meta.url).href

/** What a process of its own writes to standard error; `script` has `logger` and `pino` (the same facts, as pino writes them). */
function linesOf(script: string): readonly string[] {
  const source = `
    import pino from 'pino'
    import { createLogger } from '${LOGGER}'
    const logger = createLogger(() => ['configured-secret'])
    const written = []
    const plain = pino({ name: 'sluice', base: null }, { write: (line) => written.push(line) })
    ${script}`
  const options = { encoding: 'utf8', cwd: new URL('../..', import.meta.url) } as const
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], options)
  assert.equal(status, 0, stderr)
  return stderr.split('\n').slice(0, -1)
}

const withoutTime = (line: string): string => line.replace(/"time":\d{13}\b/, '"time":0')

describe('the log on standard error', () => {
  test('is what pino writes, to the character, whatever the facts are', () => {
    const lines = linesOf(`
      const cases = [
        [{}, 'nothing'],
        [{ a: undefined, b: 1.5, c: 'x"\\\\ \\n\\u2028\\ud800é', d: [{ at: 1, type: 'x' }], e: NaN, f: null }, '100 %s'],
        [{ g: true, h: new Date(0), i: -0, j: () => 1, k: Symbol('x'), l: { m: undefined, n: [undefined] } }, 'a "b"'],
        [{ time: 3, level: 'x', msg: 'other', 'a"b': 1e21 }, 'm'],
        [{ err: new Error('why'), after: 1 }, 'with an error'],
        [{ timeline: [{ at: 0, type: 'attempt', provider: 'east' }], ttftMs: 0.1 + 0.2 }, 'stream ended'],
      ]
      for (const [facts, message] of cases) { logger.info(facts, message); plain.info(facts, message) }
      for (const [facts, message] of cases) { logger.warn(facts, message); plain.warn(facts, message) }
      for (const [facts, message] of cases) { logger.error(facts, message); plain.error(facts, message) }
      process.on('exit', () => process.stderr.write(written.join('')))
    `)
    const [ours, theirs] = [lines.slice(0, 18), lines.slice(18)]
    assert.equal(theirs.length, 18)
    assert.deepEqual(ours.map(withoutTime), theirs.map(withoutTime))
    for (const line of ours.filter((_, i) => i % 6 !== 3))
      assert.ok(Math.abs(JSON.parse(line).time - Date.now()) < 60_000)
  })

  test('says so where facts cannot be written, and goes on', () => {
    const lines = linesOf(`
      const circle = {}
      circle.circle = circle
      logger.info(circle, 'one')
      logger.info({ n: 2n }, 'two')
      logger.info({}, 'three')
    `).map((line) => JSON.parse(line))
    assert.deepEqual(
      lines.map(({ msg, unwritable }) => [msg, typeof unwritable]),
      [
        ['one', 'string'],
        ['two', 'string'],
        ['three', 'undefined'],
      ],
    )
  })

  test('keeps the order of its lines and the time of each, and hides what is secret', () => {
    const lines = linesOf(`
      logger.info({ n: 1 }, 'one configured-secret')
      const later = Date.now() + 20
      while (Date.now() < later);
      logger.info({ n: 2, key: 'sk-abcdefgh12345678' }, 'two')
      logger.warn({ n: 3 }, 'three')
      for (let n = 4; n < 1_000; n++) logger.info({ n }, 'more')
    `).map((line) => JSON.parse(line))
    assert.deepEqual(
      lines.map(({ n }) => n),
      Array.from({ length: 999 }, (_, i) => i + 1),
    )
    assert.deepEqual([lines[0].msg, lines[1].key], ['one [redacted]', '[redacted]'])
    assert.ok(lines[1].time - lines[0].time >= 20)
  })

  test('writes what nobody waits for within a moment, and a warning at once', () => {
    const lines = linesOf(`
      const write = process.stderr.write.bind(process.stderr)
      const seen = []
      process.stderr.write = (text) => (seen.push(text.split('\\n').length - 1), true)
      logger.info({}, 'one')
      logger.info({}, 'two')
      seen.push('gathered')
      logger.warn({}, 'three')
      seen.push('warned')
      logger.info({}, 'four')
      const began = performance.now()
      while (seen.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
      write(JSON.stringify([...seen, performance.now() - began < 5_000]) + '\\n')
    `)
    assert.deepEqual(JSON.parse(lines[0] ?? ''), ['gathered', 3, 'warned', 1, true])
  })
})
