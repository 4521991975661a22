// How far an answer is, while it comes.
import { metrics, OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Tell me a story' }],
  stream: true,
})
const meter = metrics()
let shownAt = 0
let story = ''
for await (const text of meter(stream.text())) {
  story += text
  const { chunks, tokens, totalTime, tokensPerSecond } = meter.stats()
  if (chunks - shownAt < 50) continue
  shownAt = chunks
  console.log(`${chunks} chunks, ~${tokens} tokens, ${totalTime.toFixed()} ms, ${tokensPerSecond.toFixed()} tokens/s`)
}
const { chunks, tokens, ended } = meter.stats()
console.log(`${ended ? 'complete' : 'cut'}: ${chunks} chunks, ~${tokens} tokens, ${story.length} characters`)
