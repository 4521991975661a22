// Measuring a text while it passes: speed over all of it and over the newest pieces, stalls, percentiles.
import { metrics, OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Длинный ответ...' }],
  stream: true,
})
const meter = metrics({ window: 100 })
for await (const text of meter(stream.text())) process.stdout.write(text)

const {
  totalTime,
  timeToFirstChunk = 0,
  chunks,
  chars,
  tokens,
  tokensPerSecond,
  interTokenP95 = 0,
  stalls,
} = meter.stats()
console.log('\n\nMetrics:')
console.log(`total time: ${totalTime.toFixed(1)} ms, first chunk after ${timeToFirstChunk.toFixed(1)} ms`)
console.log(`${chunks} chunks, ${chars} characters, about ${tokens} tokens, ${tokensPerSecond.toFixed(1)} tokens/s`)
console.log(`95 % of the waits below ${interTokenP95.toFixed(1)} ms, ${stalls} stalls`)
