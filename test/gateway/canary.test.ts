import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BIN, run } from '../cli/run.ts'
import { chunk, EVENTS, sse, startProvider, type Provider } from '../support/provider.ts'
import { until } from '../support/until.ts'

/** One secret per place. Those that the gateway is not told of look like what they are taken for. */
const CANARY = {
  providerKey: 'canary01-provider-key-0123456789',
  configHeader: 'canary02-config-header-0123456789',
  iamSecret: 'canary03-iam-secret-0123456789',
  serverSecret: 'canary04-server-secret-0123456789',
  clientSecret: 'canary05-client-secret-0123456789',
  providerError: 'sk-canary06providererror0123456789',
  authorization: 'sk-sluice-canary07authorization0123456789',
  query: 'canary08-query-0123456789',
  prompt: 'canary09-prompt-0123456789',
  header: 'canary10-header-0123456789',
  model: 'sk-canary11model0123456789',
  cookie: 'canary12-cookie-0123456789',
  ticket: 'tk_canary13ticket0123456',
  idempotencyKey: 'canary14-idempotency-0123456789',
  brokenBody: 'canary15-broken-body-0123456789',
} as const

/** A provider that fails in every way it is asked to, and says what it should keep to itself. */
function indiscreet(): Promise<Provider> {
  return startProvider((response, { url, headers, body }) => {
    const told = JSON.stringify({ headers, secret: CANARY.iamSecret })
    const message = `Incorrect API key provided: ${CANARY.providerError}. You sent ${told}`
    if (url.endsWith('/token')) return void response.writeHead(401).end(`{"error":${JSON.stringify(message)}}`)
    if (url.endsWith('/models')) return void response.writeHead(500).end(message)
    const error = JSON.stringify({ error: { message, type: 'x', code: 'y' } })
    const how = /"model":"(\w+)/.exec(body)?.[1] ?? ''
    if (/^\d+$/.test(how)) return void response.writeHead(Number(how)).end(error)
    if (url.endsWith('/embeddings')) return void response.end('{"object":"list","data":[]}')
    response.writeHead(200, EVENTS)
    if (how === 'fails') return void response.end(sse(chunk({ content: 'Hello' }), error))
    if (how === 'cut') return void response.write(sse(chunk({ content: 'Hello' })), () => response.destroy())
    response.end(sse(chunk({ content: 'Hello' }), chunk({}, 'stop'), '[DONE]'))
  })
}

const configFor = ({ baseURL }: Provider): string => `
providers:
  main:
    { preset: openai-compatible, baseUrl: "${baseURL}", apiKey: "\${PROVIDER_KEY}", headers: { x-extra-token: "\${EXTRA}" } }
  cloud:
    {
      preset: evolution, baseUrl: "${baseURL}", keyId: key-1, secret: "\${IAM_SECRET}", projectId: p-1,
      tokenUrl: "${baseURL}/token",
    }
models:
${['400', '401', '403', '429', '500', 'fails', 'cut', 'good'].map((name) => `  "${name}": { targets: [{ provider: main, model: "${name}" }], maxAttempts: 1 }`).join('\n')}
  cloud: { targets: [{ provider: cloud, model: good }], maxAttempts: 1 }
auth:
  clients: [{ keyId: alice, secret: "\${CLIENT_SECRET}" }]
`

test('a secret in any of fifteen places is in no log line, error, metric or page', async () => {
  await using provider = await indiscreet()
  const dir = await mkdtemp(join(tmpdir(), 'sluice-canary-'))
  const env = {
    PATH: process.env['PATH'] ?? '',
    PROVIDER_KEY: CANARY.providerKey,
    EXTRA: CANARY.configHeader,
    IAM_SECRET: CANARY.iamSecret,
    CLIENT_SECRET: CANARY.clientSecret,
    SLUICE_SECRET: CANARY.serverSecret,
  }
  await writeFile(join(dir, 'sluice.yaml'), configFor(provider))
  const keys = await Promise.all(
    [[], ['--admin']].map(async (more) => {
      const { stdout, stderr } = await run(['keys', 'create', '--data', dir, '--name', 'k', '--json', ...more], { env })
      assert.equal(stderr, '')
      const made: { key: string } = JSON.parse(stdout)
      return made.key
    }),
  )
  const [key = '', adminKey = ''] = keys
  const secrets = { ...CANARY, callerKey: key, adminKey }
  const args = [BIN, 'serve', '--port', '0', '--data', dir, '--config', join(dir, 'sluice.yaml')]
  const server = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text))
  try {
    await until(() => /listens on http:\S+\/v1\n/.test(log), 10_000, 'it listens')
    const url = /listens on (http:\S+)\/v1\n/.exec(log)?.[1] ?? ''
    const said = await provoke(url, key, adminKey)
    assert.ok(said.length > 40, 'there was something to look at')
    const closed = once(server, 'close')
    server.kill('SIGTERM')
    await closed
    const isWordy = said.filter(({ text }) => /"error"/.test(text)).length
    assert.ok(isWordy > 15, `errors were among it: ${isWordy}`)
    assert.match(log, /stream failed/)
    for (const [place, secret] of Object.entries(secrets)) {
      assert.ok(!log.includes(secret), `${place} is in the log: ${lineWith(log, secret)}`)
      for (const { what, text } of said) assert.ok(!text.includes(secret), `${place} is in ${what}: ${text}`)
    }
  } finally {
    server.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
})

interface Said {
  readonly what: string
  readonly text: string
}

/** Everything that the gateway says to requests with a secret in every place that a request has. */
async function provoke(url: string, key: string, adminKey: string): Promise<readonly Said[]> {
  const said: Said[] = []
  const careless = {
    'x-canary': CANARY.header,
    'user-agent': CANARY.header,
    cookie: `sluice_session=${CANARY.cookie}; other=${CANARY.cookie}`,
    'content-type': 'application/json',
  }
  const right = { ...careless, authorization: `Bearer ${key}` }
  const wrong = { ...careless, authorization: `Bearer ${CANARY.authorization}` }
  const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(url + path, init)
    const text = await response.text()
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
    said.push({ what: `${init.method ?? 'GET'} ${path} ${response.status}`, text: `${headers}\n${text}` })
    return response.headers.get('x-stream-id') ?? ''
  }
  const query = `?api_key=${CANARY.query}&token=${CANARY.query}`
  const post = (body: string, headers: object = right): RequestInit => ({
    method: 'POST',
    headers: { ...headers },
    body,
  })
  const messages = [{ role: 'user', content: CANARY.prompt }]
  const streams: string[] = []
  for (const model of ['400', '401', '403', '429', '500', 'fails', 'cut', 'good', 'cloud', CANARY.model]) {
    for (const stream of [true, false]) {
      const retry = { ...right, 'idempotency-key': `${CANARY.idempotencyKey}-${model}-${stream}` }
      streams.push(await ask(`/v1/chat/completions${query}`, post(JSON.stringify({ model, stream, messages }), retry)))
    }
    await ask('/v1/embeddings', post(JSON.stringify({ model, input: CANARY.prompt })))
    await ask('/api/v1/chat/completions', post(JSON.stringify({ model, stream: true, messages })))
  }
  await ask('/v1/chat/completions', post(`{"messages":[{"role":"user","content":"${CANARY.brokenBody}`))
  await ask('/v1/chat/completions', post(JSON.stringify({ model: 'good', messages: CANARY.brokenBody })))
  await ask('/v1/chat/completions', post(JSON.stringify({ model: 'good', messages }), wrong))
  await ask('/v1/chat/completions', post(JSON.stringify({ model: 'good', messages }), careless))
  await ask('/api/v1/auth/token', post(JSON.stringify({ keyId: 'alice', secret: CANARY.authorization })))
  await ask(`/stream-chat?message=${CANARY.prompt}`, { headers: right })
  await ask(`/v1/models/${CANARY.model}`, { headers: right })
  await ask(`/v1/streams/${streams[0]}?ticket=${CANARY.ticket}`)
  await ask(`/v1/streams/${streams[0]}/cancel${query}`, { method: 'POST', headers: wrong })
  await ask(`/no/such/path${query}`, { headers: right })
  const admin = { authorization: `Bearer ${adminKey}` }
  const ids = streams.filter((id) => id !== '')
  for (const id of ids.slice(0, 4)) await ask(`/admin/v1/streams/${id}`, { headers: admin })
  for (const path of ['/admin/v1/keys', '/admin/v1/streams']) await ask(path, { headers: admin })
  await ask('/v1/models', { headers: right })
  for (const path of ['/metrics', '/readyz', '/healthz', '/', '/session']) await ask(path)
  return said
}

const lineWith = (log: string, secret: string): string => log.split('\n').find((line) => line.includes(secret)) ?? ''
