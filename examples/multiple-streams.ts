// Three answers at the same time.
import { OpenAI } from 'sluice'

const client = new OpenAI()
const questions = ['Что такое Python?', 'Объясни машинное обучение', 'Расскажи про веб-разработку']

async function answer(question: string, id: number): Promise<void> {
  console.log(`=== Stream ${id}: ${question} ===`)
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content: question }],
    stream: true,
    max_tokens: 100,
  })
  for await (const text of stream.text()) console.log(`[${id}] ${JSON.stringify(text)}`)
  console.log(`=== Stream ${id} is complete ===`)
}

await Promise.all(questions.map(answer))
