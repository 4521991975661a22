// HolySheep's AsyncStreamingManager: many streams, at most ten at a time, and no more than the account allows in a
// minute. Of each request its maxTokens are reserved, and given back as far as they were not used.
import { RateLimiter, StreamingClient, StreamingPool, type StreamRequest } from 'sluice'

const client = new StreamingClient({
  apiKey: process.env['HOLYSHEEP_API_KEY'],
  baseURL: process.env['HOLYSHEEP_BASE_URL'] ?? 'https://api.holysheep.ai/v1',
})
const pool = new StreamingPool({
  maxConcurrent: 10,
  limiter: new RateLimiter({ requestsPerMinute: 500, tokensPerMinute: 120_000 }),
})

const requests = Array.from({ length: 25 }, (_, index): StreamRequest => {
  return [[{ role: 'user', content: `Question ${index + 1}` }], { maxTokens: 40 }]
})
let running = 0
let most = 0
const results = await pool.batchStream(client, requests, {
  onProgress: ({ type }) => {
    running += type === 'started' ? 1 : -1
    most = Math.max(most, running)
  },
})
for (const result of results.slice(0, 3)) {
  console.log(result.status === 'fulfilled' ? result.value.content : `failed: ${String(result.reason)}`)
}
console.log(`${results.length} answers, never more than ${most} at a time`)
