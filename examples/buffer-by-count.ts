// Giving ten pieces at a time, or what there is 100 ms after the first of them.
import { buffer, OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Tell me a story' }],
  stream: true,
})
let updates = 0
for await (const text of buffer({ size: 10, interval: 100 })(stream.text())) {
  updates++
  process.stdout.write(text)
}
console.log(`\n${stream.metrics.chunks} chunks in ${updates} updates`)
