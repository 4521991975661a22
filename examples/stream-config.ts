// HolySheep's StreamConfig, StreamingClient and StreamResponse: text as it comes, and at the end what it was.
import { StreamingClient } from 'sluice'

const client = new StreamingClient(
  {
    apiKey: process.env['HOLYSHEEP_API_KEY'],
    baseURL: process.env['HOLYSHEEP_BASE_URL'] ?? 'https://api.holysheep.ai/v1',
  },
  { model: 'gpt-4o', maxTokens: 4_096, temperature: 0.7, topP: 0.9, timeout: 120_000 },
)

const pieces = client.streamGenerate([{ role: 'user', content: 'Tell me a story' }], { maxTokens: 2_048 })
let next = await pieces.next()
for (; next.done !== true; next = await pieces.next()) process.stdout.write(next.value)

// What a generator returns is its last value. Errors are thrown, and a cut answer is one.
const { model, promptTokens, completionTokens, totalTokens, latencyMs, finishReason } = next.value
console.log(`\n\n${model}: ${promptTokens} + ${completionTokens} = ${totalTokens} tokens, ended with ${finishReason}`)
console.log(`${latencyMs.toFixed()} ms`)
