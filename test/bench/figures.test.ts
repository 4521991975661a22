import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judge } from '../../bench/bars.ts'
import type { Summary } from '../../bench/rounds.ts'
import { ResponseScanner } from '../../bench/response.ts'
import { Samples, median } from '../../bench/samples.ts'
import { OPENING, closing, readPlan, requestText, tokenFrame } from '../../bench/wire.ts'
import type { Figures } from '../../bench/window.ts'

describe('the reading client', () => {
  const texts = ['000000000001', '000000000002', '000000000345']
  const whole = Buffer.from(OPENING + texts.map(tokenFrame).join('') + closing(true))

  test('finds the same tokens, text and end wherever the bytes are split', () => {
    const hashes = new Set<number>()
    for (let size = 1; size <= whole.length; size++) {
      const latencies: number[] = []
      const scanner = new ResponseScanner({ token: (latency) => latencies.push(latency) })
      for (let at = 0; at < whole.length; at += size) {
        const piece = whole.subarray(at, at + size)
        // As on the socket: one longer buffer with old bytes, line feeds too, beyond what was read.
        scanner.feed(Buffer.concat([piece, Buffer.from('\ndata: {"content":"9"}\n\n')]), piece.length, 10)
      }
      const { frames, complete, failure } = scanner
      assert.deepEqual([frames.tokens, frames.finished, frames.done, frames.broken], [3, true, true, false])
      assert.deepEqual([complete, failure], [true, undefined])
      assert.deepEqual(latencies, [9.999, 9.998, 9.655])
      hashes.add(frames.hash)
    }
    assert.equal(hashes.size, 1)
  })

  test('refuses an answer that is not a chunked 200', () => {
    const scanner = new ResponseScanner({ token: () => assert.fail('no token here') })
    const head = Buffer.from('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
    scanner.feed(head, head.length, 0)
    assert.equal(scanner.failure, 'status 502')
  })

  test('asks for a plan that the provider reads back', () => {
    const plan = { key: 17, tokens: 10, interval: 20 }
    assert.deepEqual(readPlan(requestText(plan, 8787)), plan)
  })
})

describe('figures', () => {
  test('are exact percentiles of all samples, however many', () => {
    const samples = new Samples()
    for (let value = 100_000; value >= 1; value--) samples.add(value)
    assert.deepEqual(samples.quantiles([0.5, 0.99, 1]), [50_000, 99_000, 100_000])
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 2, 3]), 2.5)
    assert.equal(median([]), Number.NaN)
  })

  function summary(target: string, figures: Figures, more: Partial<Summary> = {}): Summary {
    return { target, figures, rounds: 3, errors: new Map(), doubt: undefined, ...more }
  }

  test('are held against the bars by ratio, difference and limit', () => {
    const paced = [
      summary('nginx', { cpuPerToken: 8 }),
      summary('pipe', { cpuPerToken: 16, latencyP99: 0.5 }),
      summary('sluice', { cpuPerToken: 18, latencyP50: 0.3, latencyP99: 0.6 }),
      summary('sluice-file', { cpuPerToken: 20, latencyP50: 1.7, latencyP99: 5.7 }),
    ]
    const verdicts = judge(new Map([['paced', paced]]))
    assert.deepEqual(
      verdicts.map(({ promise, verdict }) => `${promise}: ${verdict}`),
      [
        'sluice: cpuPerToken <= 1.15 x pipe: met',
        'sluice: cpuPerToken <= 2.6 x nginx: met',
        'sluice: latencyP99 <= 1 x pipe: missed',
        'sluice-file: cpuPerToken <= 1.15 x sluice: met',
        'sluice-file: latencyP50 <= sluice + 1.5: met',
        'sluice-file: latencyP99 <= sluice + 5: missed',
      ],
    )
  })

  test('of a target with wrong output meet no bar, and a generator at its limit is marked', () => {
    const wrong = summary('sluice', { tokensPerSecond: 90_000 }, { errors: new Map([['text differs', 1]]) })
    const bound = summary('pipe', { tokensPerSecond: 60_000 }, { doubt: 'generator' })
    const [first] = judge(new Map([['saturated', [bound, wrong]]]))
    assert.deepEqual([first?.verdict, first?.actual, first?.doubt], ['not measured', undefined, 'generator'])
  })
})
