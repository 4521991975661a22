// How long an answer took and how much it was. The stream measures itself.
import { OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Напиши подробный рассказ про будущее' }],
  stream: true,
  max_tokens: 500,
})
let characters = 0
for await (const text of stream.text()) {
  characters += text.length
  process.stdout.write(text)
}

const { firstTokenMs = 0, totalMs = 0, chunks } = stream.metrics
console.log('\n\nStatistics:')
console.log(`First token: ${firstTokenMs.toFixed()} ms`)
console.log(`Time: ${(totalMs / 1_000).toFixed(2)} s`)
console.log(`Chunks: ${chunks}`)
console.log(`Characters: ${characters}`)
console.log(`Speed: ${(characters / (totalMs / 1_000)).toFixed(1)} characters/s`)
