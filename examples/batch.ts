// Many requests, ten at a time and within the limits of the account. The results stand in the order of the requests,
// and one that fails does not touch the others.
import { batch, OpenAI, RateLimiter } from 'sluice'

const client = new OpenAI()

const requests = ['One', 'Two', 'Three', 'Four'].map((content) => ({
  model: content === 'Three' ? 'no-such-model' : 'default',
  messages: [{ role: 'user' as const, content }],
  max_tokens: 40,
}))
const results = await batch(requests, {
  concurrency: 10,
  limiter: new RateLimiter({ requestsPerMinute: 500, tokensPerMinute: 120_000 }),
  run: (request, { signal }) => client.chat.completions.create(request, { signal }),
  onProgress: ({ type, index, finished, total }) => {
    if (type !== 'started') console.log(`${finished} of ${total}: request ${index} ${type}`)
  },
})
for (const [index, result] of results.entries()) {
  const { content } = requests[index]?.messages[0] ?? { content: '' }
  if (result.status === 'fulfilled') console.log(`${content}: ${result.value.choices[0]?.message.content}`)
  else console.log(`${content}: failed, ${String(result.reason)}`)
}
