// A generator of pieces of a translation, which returns the whole of it.
import { OpenAI } from 'sluice'

const client = new OpenAI()

async function* translate(text: string, language = 'Spanish'): AsyncGenerator<string, string, undefined> {
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [
      { role: 'system', content: `Translate to ${language}. Output only the translation.` },
      { role: 'user', content: text },
    ],
    stream: true,
    temperature: 0.3,
  })
  yield* stream.text()
  return (await stream.completion()).choices[0]?.message.content ?? ''
}

for await (const piece of translate(process.argv[2] ?? 'Good morning, dear friends')) process.stdout.write(piece)
console.log()
