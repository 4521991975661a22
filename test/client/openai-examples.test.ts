import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { answer, chunk, EVENTS, sse, startProvider, type Answer, type Provider } from '../support/provider.ts'
import { importing } from './importing.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = new URL('../fixtures/openai-examples/', import.meta.url)
const ours = join(root, 'src/client/index.ts')

/** What a model calls in an example, by the tool's name. */
const ARGUMENTS: Readonly<Record<string, object>> = {
  list: { genre: 'historical' },
  listBooks: { genre: 'historical' },
  search: { name: 'Crawdads' },
  get_weather: { city: 'Paris', country: 'France', units: 'c' },
  query: {
    location: 'x',
    table_name: 'orders',
    columns: ['id', 'status'],
    conditions: [{ column: 'status', operator: '=', value: 'fulfilled' }],
    order_by: 'asc',
  },
}
/** What it answers where a value is wanted, by the schema's name. */
const VALUES: Readonly<Record<string, object>> = {
  math_response: { steps: [{ explanation: 'Subtract 31', output: '8x = -29' }], final_answer: 'x = -29/8' },
  ui: { type: 'form', label: 'User', children: [], attributes: [{ name: 'id', value: 'user' }] },
}

interface Asked {
  readonly messages: readonly { readonly role: string }[]
  readonly stream?: boolean
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
  readonly functions?: readonly { readonly name: string }[]
  readonly response_format?: { readonly json_schema: { readonly name: string } }
}

/** A model for all of them: calls the first tool once, then answers; makes the value that is wanted. */
const serve: Answer = (response, { url, body }) => {
  const asked: Asked & { readonly model: string } = JSON.parse(body)
  if (url.endsWith('/v1/completions')) return textCompletion(response, asked.model)
  const { messages, tools, functions, response_format } = asked
  const isAnswered = messages.some(({ role }) => role === 'tool' || role === 'function')
  const name = tools?.[0]?.function.name ?? functions?.[0]?.name
  const schema = response_format?.json_schema.name
  const wire =
    name !== undefined && !isAnswered
      ? calling(name, tools === undefined)
      : schema === undefined
        ? answer('This is ', 'a test')
        : answer(...(JSON.stringify(VALUES[schema]).match(/.{1,16}/g) ?? []))
  if (asked.stream === true) response.writeHead(200, EVENTS).end(wire)
  else response.writeHead(200, { 'content-type': 'application/json' }).end(whole(wire))
}

function calling(name: string, isOld: boolean): string {
  const pieces = JSON.stringify(ARGUMENTS[name]).match(/.{1,16}/g) ?? []
  const deltas = isOld
    ? [{ function_call: { name, arguments: '' } }, ...pieces.map((text) => ({ function_call: { arguments: text } }))]
    : [
        { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name, arguments: '' } }] },
        ...pieces.map((text) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
      ]
  const [role, ...rest] = [{ role: 'assistant', content: null }, ...deltas]
  return sse(
    ...[role, ...rest].map((delta) => chunk(delta ?? {})),
    chunk({}, isOld ? 'function_call' : 'tool_calls'),
    '[DONE]',
  )
}

/** The same answer, not streamed. */
function whole(wire: string): string {
  const message: Record<string, unknown> = { role: 'assistant', refusal: null }
  let text: string | null = null
  let finish: unknown = null
  for (const [, data = ''] of wire.matchAll(/^data: (\{.*)$/gm)) {
    const [choice] = JSON.parse(data).choices
    const { content, tool_calls: [call] = [], function_call: old } = choice.delta
    if (typeof content === 'string') text = (text ?? '') + content
    if (call?.id !== undefined)
      message['tool_calls'] = [{ id: call.id, type: call.type, function: { ...call.function } }]
    else if (call !== undefined) Object(message['tool_calls'])[0].function.arguments += call.function.arguments
    if (old?.name !== undefined) message['function_call'] = { ...old }
    else if (old !== undefined) Object(message['function_call']).arguments += old.arguments
    finish = choice.finish_reason ?? finish
  }
  const head = { id: 'chatcmpl-1', object: 'chat.completion', created: 1_700_000_000, model: 'gpt-4o-mini' }
  return JSON.stringify({
    ...head,
    choices: [{ index: 0, message: { ...message, content: text }, logprobs: null, finish_reason: finish }],
  })
}

function textCompletion(response: Parameters<Answer>[0], model: string): void {
  const type = { 'content-type': 'application/json', date: 'x', 'x-request-id': 'req_1' }
  const error = { message: 'No such model', type: 'invalid_request_error', param: null, code: 'model_not_found' }
  if (model === 'unknown-model') return void response.writeHead(404, type).end(JSON.stringify({ error }))
  const choices = [{ text: 'This is a test', index: 0, logprobs: null, finish_reason: 'stop' }]
  response
    .writeHead(200, type)
    .end(JSON.stringify({ id: 'cmpl-1', object: 'text_completion', created: 1, model, choices }))
}

/** Only the imports are changed, and ports, which may be taken, and where the service is. */
function program(which: 'openai' | 'sluice', source: string, port: number): string {
  const free = source
    .replaceAll('3000', String(port))
    .replace("'https://ai.megallm.io/v1'", "process.env['OPENAI_BASE_URL']")
    .replace('process.env.GITHUB_TOKEN', "process.env['OPENAI_API_KEY']")
  return importing(which, free, ours)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : assert.fail('no port')
}

describe("OpenAI's own examples, with nothing changed but the imports", () => {
  let provider: Provider
  let folder: string
  let port: number
  before(async () => {
    provider = await startProvider(serve)
    // In the project, where the packages that they import are found.
    folder = await mkdtemp(join(root, 'test/client/.examples-'))
    port = await freePort()
    const terminal = `for (const name of ['cursorTo', 'moveCursor', 'clearScreenDown']) process.stdout[name] ??= () => true
      process.stdout.columns ??= 80`
    await writeFile(join(folder, 'terminal.mjs'), terminal)
  })
  after(async () => {
    await rm(folder, { recursive: true, force: true })
    await provider[Symbol.asyncDispose]()
  })

  async function start(name: string, which: 'openai' | 'sluice'): Promise<ChildProcess> {
    const source = await readFile(new URL(`${name}.ts.txt`, examples), 'utf8')
    const file = join(folder, `${name}-${which}.ts`)
    await writeFile(file, program(which, source, port))
    const { FORCE_COLOR: _, ...rest } = process.env
    const env = { ...rest, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: provider.baseURL, NO_COLOR: '1' }
    return spawn(process.execPath, ['--import', join(folder, 'terminal.mjs'), file], { env, stdio: 'pipe' })
  }

  async function printed(name: string, which: 'openai' | 'sluice'): Promise<string> {
    const child = await start(name, which)
    let [out, errors] = ['', '']
    child.stdout?.on('data', (data) => (out += data))
    child.stderr?.on('data', (data) => (errors += data))
    const code = await new Promise((resolve) => child.on('close', resolve))
    assert.equal(code, 0, `${name} with ${which}: ${errors}`)
    return out
  }

  /** Those whose output is the same to the letter. */
  for (const name of [
    'demo',
    'types',
    'function-call',
    'function-call-diy',
    'function-call-stream',
    'function-call-stream-raw',
    'tool-calls-stream',
    'ui-generation',
    'megallm-stream',
  ]) {
    test(`${name} prints the same`, async () => {
      const [official, own] = await Promise.all([printed(name, 'openai'), printed(name, 'sluice')])
      assert.equal(own, official)
      assert.ok(own.length > 10)
    })
  }

  /** Those that print whole objects, in which the order of fields, or one that says `null`, may differ. */
  for (const [name, ...needed] of [
    ['chat-params-types', 'This is a test\nThis is a test\nThis is a test\n'],
    ['stream', 'This is ', "content: 'This is a test'", "finish_reason: 'stop'"],
    ['logprobs', "content: 'This is a test'"],
    ['parsing', 'answer: x = -29/8', "explanation: 'Subtract 31'"],
    ['parsing-tools', "table_name: 'orders'", "columns: [ 'id', 'status' ]", '\norders\n'],
    ['parsing-stream', 'finished parsing!', 'answer: x = -29/8', "output: '8x = -29'"],
    [
      'parsing-tools-stream',
      'tool_calls.function.arguments.delta',
      "parsed_arguments: { city: 'Paris'",
      'final completion:',
    ],
    [
      'parsing-run-tools',
      'parsed function arguments: [object Object]',
      "role: 'tool'",
      'ORD-001',
      "content: 'This is a test'",
    ],
    [
      'tool-call-helpers',
      'functionCall {',
      'functionCallResult [{"name":"To Kill',
      "content: 'This is a test'",
      'final chat completion',
    ],
    ['tool-call-helpers-zod', 'functionCall {', 'functionCallResult [{"name":"To Kill', 'This is a test'],
    ['errors', 'Caught NotFoundError!', 'message: 404 No such model', 'code: model_not_found', 'param: null'],
    ['raw-response', "'x-request-id': 'req_1'", "text: 'This is a test'"],
  ]) {
    test(`${name} prints what it should, as it does with \`openai\``, async () => {
      const [official, own] = await Promise.all([printed(name ?? '', 'openai'), printed(name ?? '', 'sluice')])
      for (const words of needed) {
        assert.ok(official.includes(words), `openai: ${words} in\n${official}`)
        assert.ok(own.includes(words), `sluice: ${words} in\n${own}`)
      }
    })
  }

  for (const [name, read] of [
    ['stream-to-client-raw', async (response: Response) => response.text()],
    ['stream-to-client-express', async (response: Response) => response.text()],
  ] as const) {
    test(`${name} serves a page the same`, async (t) => {
      const bodies: string[] = []
      for (const which of ['openai', 'sluice'] as const) {
        const server = await start(name, which)
        t.after(() => server.kill())
        await new Promise<void>((resolve, reject) => {
          server.stdout?.on('data', (data) => String(data).includes('Started') && resolve())
          server.stderr?.on('data', (data) => String(data).includes('Error') && reject(new Error(String(data))))
        })
        const headers = { 'content-type': 'text/plain' }
        const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'Why dogs?', headers })
        bodies.push(await read(response))
        if (name === 'stream-to-client-express' && which === 'sluice')
          assert.match(
            await printed('stream-to-client-browser', 'sluice'),
            /^This is a test\{[^]*content: 'This is a test'/,
          )
        server.kill()
        await new Promise((resolve) => server.on('close', resolve))
      }
      const [official, own] = bodies
      assert.equal(own, official)
      assert.match(own ?? '', /This is/)
    })
  }

  test('stream-to-client-next answers a request of a page', async () => {
    const source = await readFile(new URL('stream-to-client-next.ts.txt', examples), 'utf8')
    const file = join(folder, 'next.ts')
    await writeFile(file, program('sluice', source, port))
    const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: provider.baseURL, OPENAI_EXAMPLE_AUTH_TOKEN: 'x'.repeat(32) }
    const call = `import handler from '${file}'
      const headers = { authorization: 'Bearer ${'x'.repeat(32)}' }
      const response = await handler(new Request('http://h/', { method: 'POST', body: 'Why dogs?', headers }))
      console.log(response.status, (await response.text()).split('\\n').filter(Boolean).map((line) => JSON.parse(line).choices[0].delta.content ?? '').join(''))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', call], { env: { ...process.env, ...env } })
    let out = ''
    child.stdout.on('data', (data) => (out += data))
    await new Promise((resolve) => child.on('close', resolve))
    assert.equal(out.trim(), '200 This is a test')
  })
})
