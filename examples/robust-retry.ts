// Trying again until it works. The client itself tries again before the first byte (`maxRetries`, with backoff and
// Retry-After); this is about an answer that breaks off later, told to start over.
import { setTimeout as sleep } from 'node:timers/promises'
import { EvolutionOpenAIError, OpenAI } from 'sluice'

const client = new OpenAI({ maxRetries: 3 })

async function robust(question: string, tries = 3): Promise<string | undefined> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    try {
      const stream = await client.chat.completions.create(
        { model: 'default', messages: [{ role: 'user', content: question }], stream: true },
        { timeout: { head: 30_000, betweenTokens: 30_000 } },
      )
      let answer = ''
      for await (const text of stream.text()) answer += text
      return answer
    } catch (error) {
      // The root of all errors of this package, by the name that Evolution's documentation gives it.
      if (!(error instanceof EvolutionOpenAIError)) throw error
      console.log(`Attempt ${attempt} failed: ${error.message}`)
      if (attempt < tries) await sleep(100 * 2 ** attempt)
    }
  }
  return undefined
}

console.log((await robust('Тест')) ?? 'All attempts failed.')
