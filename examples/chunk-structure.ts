// What a chunk looks like: the first one, which has the role, and the type that describes all of them.
import { OpenAI, type ChatCompletionChunk } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Привет!' }],
  stream: true,
})
let first: ChatCompletionChunk | undefined
for await (const chunk of stream) {
  first = chunk
  break // Leaving a loop closes the stream, and the model stops.
}
console.log(JSON.stringify(first, null, 2))
