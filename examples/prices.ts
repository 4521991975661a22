// What an answer cost, from a table of prices (dollars per million tokens) and the service's own usage.
import { costOf, HOLYSHEEP_PRICES, OpenAI, type PriceTable } from 'sluice'

const client = new OpenAI()

// HolySheep's table of 2026 comes with the package. Prices change: a table of your own takes its place.
const prices: PriceTable = { ...HOLYSHEEP_PRICES, 'my-model': { input: 1, output: 2 } }
const { usage } = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Tell me a story' }],
})
for (const model of ['gpt-4.1', 'deepseek-v3.2', 'my-model', 'some-other-model']) {
  const cost = costOf(usage, model, prices)
  // Whole billionths of a dollar; undefined where the table does not say, never a guess.
  console.log(`${model}: ${cost === undefined ? 'no price' : `$${(cost.total / 1e9).toFixed(6)}`}`)
}
console.log(`for ${usage?.prompt_tokens} tokens in and ${usage?.completion_tokens} out`)
