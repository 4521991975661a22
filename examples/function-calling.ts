// Functions in a stream. `toolCalls()` gives each call as its arguments grow, several calls side by side.
// (`runTools` also runs them and gives the model their results.)
import { OpenAI } from 'sluice'

const client = new OpenAI()

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'What is the weather in Paris and in Tokyo?' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        description: 'Weather of a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    },
  ],
  stream: true,
})
for await (const { index, call, arguments: input, done } of stream.toolCalls()) {
  if (call.type !== 'function') continue
  if (done) console.log(`\n${index}: ${call.function.name}(${JSON.stringify(input)})`)
  else process.stdout.write('.')
}
