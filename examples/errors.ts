// What can go wrong, by class. An answer that was cut is an error, never a short answer; what came of it is kept.
import { APIConnectionError, APIError, OpenAI, RateLimitError, StreamTruncatedError } from 'sluice'

const client = new OpenAI()

try {
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content: 'Тест' }],
    stream: true,
  })
  for await (const text of stream.text()) process.stdout.write(text)
  console.log('\nComplete.')
} catch (error) {
  if (error instanceof StreamTruncatedError) {
    const { length } = error.partial.choices[0]?.message.content ?? ''
    console.log(`\nCut off after ${length} characters: ${error.message}`)
  } else if (error instanceof RateLimitError) {
    console.log(`\nToo many requests; again in ${error.headers?.get('retry-after') ?? '?'} s`)
  } else if (error instanceof APIConnectionError) {
    console.log(`\nNo connection: ${error.message}`)
  } else if (error instanceof APIError) {
    console.log(`\nThe service said ${error.status ?? 'in the stream'}: ${error.message}`)
  } else throw error
}
