import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { abortMany } from './limits/aborts.ts'
import { race } from './limits/race.ts'

const LIMIT = { seed: 1, clients: 64, rpm: 100, tpm: 10_000, concurrency: 5, duration: 180_000 } as const

describe('limits under chaos, through a gateway in three minutes of injected time', () => {
  for (const scope of ['key', 'model'] as const) {
    for (const wait of [0, 20_000]) {
      const way = wait === 0 ? 'are refused' : 'wait'
      test(`64 clients that ${way} when the ${scope} is full are never over a limit, in any window`, async () => {
        const seen = await race({ ...LIMIT, scope, wait })
        assert.ok(seen.mostRequests <= LIMIT.rpm, `${seen.mostRequests} requests in a minute`)
        assert.ok(seen.mostTokens <= LIMIT.tpm, `${seen.mostTokens} tokens in a minute`)
        assert.ok(seen.mostAtOnce <= LIMIT.concurrency, `${seen.mostAtOnce} at once`)
        // And the limits are used, not only kept.
        assert.equal(seen.mostAtOnce, LIMIT.concurrency)
        assert.equal(seen.mostRequests, LIMIT.rpm)
        assert.ok(seen.mostTokens > LIMIT.tpm * 0.9, `${seen.mostTokens} tokens in a minute`)
        assert.ok(seen.admitted > 150, `${seen.admitted} answers`)
        assert.equal(seen.speechless, 0, 'every refusal says when to come again')
        assert.equal(seen.left, 0)
        if (wait > 0) assert.ok(seen.most - seen.fewest <= 5, `${seen.fewest} to ${seen.most} answers per client`)
      })
    }
  }

  test('after 1,000 callers that left when they liked, everything is free and settled to the token', async () => {
    const books = await abortMany(1, 1_000)
    assert.equal(books.settled, books.expected)
    assert.equal(books.counted, books.begun)
    assert.equal(books.left, 0)
    for (const moment of ['in line', 'before a token', 'in the middle', 'never']) {
      assert.ok((books.moments[moment] ?? 0) > 20, `${moment}: ${books.moments[moment]}`)
    }
  })
})
