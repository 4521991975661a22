// What may be in a chunk: the role, a piece of text, the reason of the end, the usage (which comes without a choice).
import { OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Привет!' }],
  stream: true,
  stream_options: { include_usage: true },
})
for await (const { choices, usage } of stream) {
  const choice = choices[0]
  if (choice?.delta.role) console.log(`Role: ${choice.delta.role}`)
  if (choice?.delta.content) process.stdout.write(choice.delta.content)
  if (choice?.finish_reason) console.log(`\nFinished: ${choice.finish_reason}`)
  // Reading on after the finish_reason, or this would be lost.
  if (usage) console.log(`Tokens: ${usage.completion_tokens}`)
}
const whole = await stream.completion()
console.log(`Whole answer: ${whole.choices[0]?.message.content}`)
