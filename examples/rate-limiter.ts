// Requests and tokens per minute. Who waits is served in the order of coming; what was not used is given back.
import { OpenAI, RateLimiter } from 'sluice'

const client = new OpenAI()
const limiter = new RateLimiter({ requestsPerMinute: 60, tokensPerMinute: 120_000 })

// At once, or not at all:
const now = limiter.acquire(4_096)
console.log(now === undefined ? 'not now' : `admitted with ${now.tokens} tokens`)
now?.refund() // It was not used after all.

// In turn, for a minute at most:
const place = await limiter.waitAndAcquire(4_096, { timeout: 60_000 })
const completion = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Tell me a story' }],
  max_tokens: 4_096,
})
place.settle(completion.usage)
console.log(`used ${completion.usage?.total_tokens} tokens`)
console.log(`left this minute: ${limiter.headers()['x-ratelimit-remaining-tokens']}`)
