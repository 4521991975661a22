import assert from 'node:assert/strict'
import { said } from './houses.ts'
import type { PythonSample } from './python-samples.ts'
import type { Change, Place } from './seeds.ts'

/** Where the gateways are that the samples call. */
export interface Addresses {
  /** With Evolution's client, `…/v1`. */
  readonly evolution: string
  /** The same, whose model breaks off. */
  readonly broken: string
}

const SEED = '0-evolution'

/** evolution-openai has no argument for the address of the token service: its default is made another. */
export const tokenService = (base: string): string => `
from evolution_openai import EvolutionTokenManager
EvolutionTokenManager.__init__.__defaults__ = ("${new URL('/api/v1/auth/token', base)}", 30)
`

const client = (base: string): string => `${tokenService(base)}
from evolution_openai import OpenAI, AsyncOpenAI
client = OpenAI(key_id="your_key_id", secret="your_secret", base_url="${base}")
`

const at = (heading: string, first: string, until: string): Place => ({ seed: SEED, heading, first, until })

/** Each `data:` of an event stream, as JSON. */
function relayed(out: string): readonly { content?: string; done?: boolean; error?: string }[] {
  return out
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)))
}

function isWholeRelay(out: string, answer: string): void {
  const events = relayed(out)
  assert.deepEqual(events.at(-1), { done: true })
  assert.equal(events.map(({ content }) => content ?? '').join(''), answer)
}

/** Characters as Python counts them. */
const length = (text: string): number => Array.from(text).length

/** The samples of seed 0. */
export function evolutionSamples({ evolution, broken }: Addresses): readonly PythonSample[] {
  const url: Change = { from: 'https://your-endpoint.cloud.ru/v1', to: evolution, why: 'URL' }
  const joke = 'Расскажи анекдот'
  return [
    {
      ...at('Синхронный streaming', 'from evolution_openai import OpenAI', 'Асинхронный streaming'),
      given: tokenService(evolution),
      changes: [url],
      check: (out) => assert.equal(out, `${said('Расскажи длинную историю про космос', { max_tokens: 300 })}\n`),
    },
    {
      ...at('Асинхронный streaming', 'import asyncio', 'Структура streaming chunk'),
      given: tokenService(evolution),
      changes: [url],
      check: (out) => assert.equal(out, `${said('Объясни квантовую физику подробно', { max_tokens: 400 })}\n`),
    },
    {
      ...at('Структура streaming chunk', 'chunk = {', 'Обработка различных типов chunk'),
      given: client(evolution),
      changes: [],
      afterwards: `
stream = client.chat.completions.create(model="default", messages=[{"role": "user", "content": "Привет!"}], stream=True)
real = next(iter(stream)).to_dict()
choice = real["choices"][0]
print(sorted(set(chunk) - set(real)), sorted(set(chunk["choices"][0]) - set(choice)))
print(real["object"] == chunk["object"], choice["delta"]["role"], choice["finish_reason"], type(real["created"]))
`,
      check: (out) => assert.equal(out, "[] []\nTrue assistant None <class 'int'>\n"),
    },
    {
      ...at('Обработка различных типов chunk', 'stream = client.chat.completions.create(', 'Продвинутые возможности'),
      given: client(evolution),
      changes: [],
      check: (out) => {
        const answer = said('Привет!')
        assert.equal(out, `Роль: assistant\n${answer}\nЗавершено: stop\n\nПолный ответ: ${answer}\n`)
      },
    },
    {
      ...at('Streaming с метаданными', 'import time', 'Stop sequences в streaming'),
      given: client(evolution),
      changes: [],
      afterwards: 'streaming_with_stats()',
      check: (out) => {
        const answer = said('Напиши подробный рассказ про будущее', { max_tokens: 500 })
        assert.ok(out.startsWith(`${answer}\n\nСтатистика:\n`))
        assert.match(
          out,
          new RegExp(`Время: [\\d.]+ сек\nChunks: \\d+\nСимволов: ${length(answer)}\nСкорость: [\\d.]+ `),
        )
      },
    },
    {
      ...at('Stop sequences в streaming', 'stream = client.chat.completions.create(', 'Обработка ошибок в streaming'),
      given: client(evolution),
      changes: [],
      check: (out) => {
        const system = { role: 'system', content: 'Создавай список и заканчивай словом КОНЕЦ' }
        const user = { role: 'user', content: 'Дай советы по изучению Python' }
        const answer = said('', { messages: [system, user], stop: ['КОНЕЦ', 'END'], max_tokens: 300 })
        assert.equal(out, `${answer}\n[Остановлено по stop sequence]\n`)
      },
    },
    {
      ...at('Базовая обработка ошибок', 'try:', 'Продвинутая обработка ошибок'),
      given: client(evolution),
      changes: [],
      check: (out) => assert.equal(out, said('Тест')),
    },
    {
      ...at('Базовая обработка ошибок', 'try:', 'Продвинутая обработка ошибок'),
      name: 'with a model that breaks off',
      given: client(broken),
      changes: [],
      check: (out) => {
        const [text = '', error = ''] = out.split('\nОшибка streaming: ')
        assert.ok(said('Тест').startsWith(text) && text !== '', text)
        assert.match(error, /broke off|ended|closed/)
      },
    },
    {
      ...at('Продвинутая обработка ошибок', 'import time', 'Streaming в веб-приложениях'),
      given: client(evolution),
      changes: [
        {
          from: 'import EvolutionOpenAIError',
          to: 'import EvolutionSDKError as EvolutionOpenAIError',
          why: 'trap 2: there is no such class in the package; this is its root',
        },
      ],
      afterwards: 'print("\\n=", len(robust_streaming([{"role": "user", "content": "Тест"}])))',
      check: (out) => assert.equal(out, `${said('Тест')}\n= ${length(said('Тест'))}\n`),
    },
    {
      ...at('Server-Sent Events (SSE)', 'from flask import Flask, Response', 'FastAPI с streaming'),
      given: client(evolution),
      changes: [
        {
          from: 'Flask, Response',
          to: 'Flask, Response, request',
          why: 'the sample reads `request` without importing it',
        },
      ],
      afterwards: `print(app.test_client().get("/stream-chat?message=${encodeURIComponent(joke)}").get_data(as_text=True))`,
      check: (out) => isWholeRelay(out, said(joke, { max_tokens: 200 })),
    },
    {
      ...at('Server-Sent Events (SSE)', 'from flask import Flask, Response', 'FastAPI с streaming'),
      name: 'with a model that breaks off',
      given: client(broken),
      changes: [
        {
          from: 'Flask, Response',
          to: 'Flask, Response, request',
          why: 'the sample reads `request` without importing it',
        },
      ],
      afterwards: 'print(app.test_client().get("/stream-chat").get_data(as_text=True))',
      check: (out) => {
        const last = relayed(out).at(-1)
        assert.equal(last?.done, true)
        assert.match(last?.error ?? '', /broke off|ended|closed/)
      },
    },
    {
      ...at('FastAPI с streaming', 'from fastapi import FastAPI', 'Клиентская сторона (JavaScript)'),
      given: client(evolution),
      changes: [url],
      afterwards: `
from fastapi.testclient import TestClient
print(TestClient(app).get("/stream", params={"message": "${joke}"}).text)
`,
      check: (out) => isWholeRelay(out, said(joke)),
    },
    {
      ...at('Буферизация для UI', 'import time', 'Множественный streaming'),
      given: client(evolution),
      changes: [],
      check: (out) => {
        const shown = out.split('UI Update: ').slice(1)
        assert.equal(shown.map((text) => text.slice(0, -1)).join(''), said('Длинный ответ...'))
      },
    },
    {
      ...at('Множественный streaming', 'import asyncio', 'Мониторинг производительности'),
      given: `${tokenService(evolution)}from evolution_openai import AsyncOpenAI\n`,
      changes: [url],
      check: (out) => {
        const questions = ['Что такое Python?', 'Объясни машинное обучение', 'Расскажи про веб-разработку']
        for (const [index, question] of questions.entries()) {
          const pieces = out.matchAll(new RegExp(`\\[${index}\\] ([^]*?)(?=\\[\\d\\] |\\n=== |$)`, 'g'))
          const text = [...pieces].map(([, piece]) => piece).join('')
          assert.equal(text, said(question, { max_tokens: 100 }), question)
          assert.ok(out.includes(`\n=== Поток ${index}: ${question} ===\n`))
          assert.ok(out.includes(`\n=== Поток ${index} завершен ===\n`))
        }
      },
    },
    {
      ...at('Мониторинг производительности', 'import time', 'Советы по оптимизации'),
      given: client(evolution),
      changes: [],
      check: (out) => {
        const answer = said('Длинный ответ...')
        assert.ok(out.startsWith(`${answer}\n\nМетрики streaming:\n`))
        assert.match(out, new RegExp(`total_time: [\\d.]+\ntime_to_first_chunk: [\\d.]+\ntotal_chunks: \\d+\\.00\n`))
        assert.match(out, new RegExp(`total_chars: ${length(answer)}\\.00\n`))
      },
    },
  ]
}
