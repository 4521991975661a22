import assert from 'node:assert/strict'
import { said } from './houses.ts'
import type { PythonSample } from './python-samples.ts'
import type { Change, Place } from './seeds.ts'

/** The sample in the Russian page, which has fences, and in the English one, which lost its spaces. */
interface Both {
  readonly russian: readonly [heading: string, first: string]
  readonly english: readonly [heading: string, first: string, until: string, depths: string]
}

const BASIC: Both = {
  russian: ['<Tab title="Python">', 'from openai import OpenAI'],
  english: ['Implementation Examples', 'from openai import OpenAI', 'With Async Support', '00110001121100012'],
}
const ASYNC: Both = {
  russian: ['### С асинхронной поддержкой', 'import asyncio'],
  english: ['With Async Support', 'import asyncio', "import OpenAI from 'openai';", '0001100122211230'],
}
const TOOLS: Both = {
  russian: ['### Вызов функций в потоках', 'stream = client.chat.completions.create('],
  english: [
    'Function Calling in Streams',
    'stream = client.chat.completions.create(',
    'Progress Tracking',
    '01111000112232312',
  ],
}
const PROGRESS: Both = {
  russian: ['### Отслеживание прогресса', 'class StreamProgress:'],
  english: ['Progress Tracking', 'class StreamProgress:', 'Error Handling in Streams', '012221223312233332000110'],
}
const RETRY: Both = {
  russian: ['## Обработка ошибок в потоках', 'import time'],
  english: ['Error Handling in Streams', 'import time', 'Performance Optimization', '00123444333455532344444434'],
}
const CHAT: Both = {
  russian: ['### Интерфейс живого чата', 'def chat_interface():'],
  english: ['Live Chat Interface', 'def chat_interface():', 'Real-time Translation', '0112232233322342'],
}
const TRANSLATOR: Both = {
  russian: ['### Перевод в реальном времени', 'def streaming_translator(text, target_language="Spanish"):'],
  english: [
    'Real-time Translation',
    'def streaming_translator(text, target_language="Spanish"):',
    'Best Practices',
    '0122332221112331',
  ],
}

const WEATHER = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
]

const given = (base: string): string => `
import time
from openai import OpenAI
client = OpenAI(base_url="${base}", api_key="your-api-key")
`

/** The samples of seeds 1 and 3, at a gateway's `/v1`. */
export function megallmSamples(base: string): readonly PythonSample[] {
  const url: Change = { from: 'https://ai.megallm.io/v1', to: base, why: 'URL' }
  const samples: readonly (Omit<PythonSample, keyof Place> & { readonly both: Both })[] = [
    {
      both: BASIC,
      changes: [url],
      check: (out) => assert.equal(out, said('Write a haiku about programming')),
    },
    { both: ASYNC, changes: [url], check: (out) => assert.equal(out, said('Tell me a story')) },
    {
      both: TOOLS,
      given: `${given(base)}
import json
messages = [{"role": "user", "content": "What is the weather in Paris?"}]
tools = json.loads('${JSON.stringify(WEATHER)}')
`,
      changes: [],
      afterwards: 'print(json.dumps(function_call))',
      check: (out) => {
        const call: { name: string; arguments: string } = JSON.parse(out)
        assert.equal(call.name, 'get_weather')
        assert.deepEqual(JSON.parse(call.arguments), { city: 'Paris' })
      },
    },
    {
      both: PROGRESS,
      given: `${given(base)}
stream = client.chat.completions.create(
    model="gpt-4", messages=[{"role": "user", "content": "Tell me a story"}], stream=True)
`,
      changes: [],
      check: (out) =>
        assert.match(out, /^\{'chunks': \d{2,}, 'tokens': \d{2,}, 'time': [\d.]+, 'tokens_per_second': [\d.]+\}\n$/),
    },
    {
      both: RETRY,
      given: given(base),
      changes: [],
      afterwards: 'print("".join(stream_with_retry(client, [{"role": "user", "content": "Tell me a story"}])))',
      check: (out) => assert.equal(out, `${said('Tell me a story')}\n`),
    },
    {
      both: CHAT,
      given: given(base),
      changes: [],
      stdin: 'Hello\nTell me a joke\nexit\n',
      afterwards: 'chat_interface()',
      check: (out) => {
        const turn = (question: string): string => `\nYou: Assistant: ${said(question)}\n`
        assert.equal(out, `Chat started. Type 'exit' to quit.\n${turn('Hello')}${turn('Tell me a joke')}\nYou: `)
      },
    },
    {
      both: TRANSLATOR,
      given: given(base),
      changes: [],
      afterwards: 'print("".join(streaming_translator("Good morning, dear friends")))',
      check: (out) => {
        const system = { role: 'system', content: 'Translate to Spanish. Output only the translation.' }
        const user = { role: 'user', content: 'Good morning, dear friends' }
        assert.equal(out, `${said('', { messages: [system, user], temperature: 0.3 })}\n`)
      },
    },
  ]
  return samples.flatMap(({ both, ...sample }) => {
    const [heading, first, until, depths] = both.english
    return [
      { ...sample, seed: '1-megallm-russian', heading: both.russian[0], first: both.russian[1], until: '```' },
      { ...sample, seed: '3-megallm-english', heading, first, until, depths },
    ]
  })
}
