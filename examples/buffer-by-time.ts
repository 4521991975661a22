// Drawing a screen at most five times a second, the first piece at once.
import { buffer, OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Длинный ответ...' }],
  stream: true,
})
const update = buffer({ interval: 200, leading: true })
// Nothing is lost at the end, nor when the stream fails: what is held is given first.
for await (const text of update(stream.text())) console.log(`UI update: ${JSON.stringify(text)}`)
