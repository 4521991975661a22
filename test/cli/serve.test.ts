import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, describe, test } from 'node:test'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { BIN, run } from './run.ts'

type Gateway = ChildProcessByStdio<null, Readable, null>

const running = new Set<Gateway>()
after(() => running.forEach((child) => child.kill('SIGKILL')))

/** `sluice serve ARGS` on a free port. */
function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<[Gateway, string, string]> {
  return launch(['serve', '--port', '0', '--log', 'memory', ...args], /listens on (http:\/\/\S+)\/v1\n[^]*docs/, env)
}

/** `sluice ARGS` in a process of its own, once it has printed the URL that `ready` looks for. */
async function launch(
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<[Gateway, string, string]> {
  const child: Gateway = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  running.add(child)
  child.on('close', () => running.delete(child))
  child.stdout.setEncoding('utf8')
  let text = ''
  for await (const part of child.stdout.iterator({ destroyOnReturn: false })) {
    text += String(part)
    const url = ready.exec(text)?.[1]
    if (url !== undefined) return [child, url, text]
  }
  return assert.fail(`it ended: ${text}`)
}

/** Streams one answer to its end. */
async function ask(url: string, model: string): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  return response.text()
}

async function end(child: Gateway, signal: NodeJS.Signals): Promise<unknown> {
  const closed = once(child, 'close')
  child.kill(signal)
  child.stdout.resume()
  const [code, by] = await closed
  return by ?? code
}

describe('sluice serve', () => {
  test('passes every model name through to --upstream, and exits with 0 on SIGTERM', async () => {
    const asked: string[] = []
    const upstream = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (body: string) => {
        asked.push(`${request.url} ${request.headers.authorization} ${String(JSON.parse(body).model)}`)
      })
      request.on('end', () => {
        const choice = { index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }
        const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] }
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
      })
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const address = upstream.address()
    const port = typeof address === 'object' ? address?.port : undefined
    try {
      const [child, url] = await start(['--upstream', `http://127.0.0.1:${port}/v1`, '--upstream-key', 'the-key'])
      assert.match(await ask(url, 'any/name'), /"content":"Hi"[^]*data: \[DONE\]/)
      assert.deepEqual(asked, ['/v1/chat/completions Bearer the-key any/name'])
      assert.equal(await end(child, 'SIGTERM'), 0)
    } finally {
      upstream.closeAllConnections()
      upstream.close()
    }
  })

  test('says what it serves with and how to try it, and exits with 0 on SIGINT', async () => {
    const [child, url, text] = await start([], { OPENAI_API_KEY: 'sk-canary-0123456789', SLUICE_PROVIDER: 'openai' })
    assert.match(text, /providers {2}openai: OPENAI_API_KEY is set\n/)
    assert.ok(text.includes(`curl -N ${url}/v1/chat/completions`))
    assert.doesNotMatch(text, /canary|\u001B/, 'neither a key nor, in a pipe, a colour')
    assert.equal(await end(child, 'SIGINT'), 0)
  })

  test('serves the embedded simulator when SLUICE_PROVIDER says so', async () => {
    const [child, url] = await start([], { SLUICE_PROVIDER: 'simulator', OPENAI_API_KEY: 'not-this' })
    const models = await (await fetch(`${url}/v1/models`)).text()
    assert.match(models, /"id":"default".*"id":"sim:/)
    assert.match(await ask(url, 'sim:tokens=5,interval=0ms'), /data: \[DONE\]\n\n$/)
    assert.equal(await end(child, 'SIGTERM'), 0)
  })

  test('says in one line that the port is in use', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = String(typeof address === 'object' ? address?.port : '')
    try {
      assert.deepEqual(await run(['serve', '--port', port, '--upstream', 'http://127.0.0.1:1/v1']), {
        code: 1,
        stdout: '',
        stderr: `sluice: port ${port} on 127.0.0.1 is in use: choose another with --port\n`,
      })
    } finally {
      other.close()
    }
  })
})

describe('sluice simulate', () => {
  test('gives the same answer for the same seed, as a number or as text, and exits with 0 on SIGTERM', async () => {
    const answers: string[] = []
    for (const seed of ['7', '7', 'eight']) {
      const [child, url] = await launch(['simulate', '--port', '0', '--seed', seed], /listens on (http:\/\/\S+)\/v1\n/)
      const text = await ask(url, 'sim:tokens=200,interval=0ms')
      answers.push([...text.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)].map(([, piece]) => piece).join(''))
      assert.equal(await end(child, 'SIGTERM'), 0)
    }
    assert.ok(answers[0] !== '' && answers[0] === answers[1] && answers[0] !== answers[2], answers.join('\n'))
  })

  test('serves recorded streams with --replay, and says which folder it cannot read', async () => {
    const folder = fileURLToPath(new URL('../fixtures/provider-streams', import.meta.url))
    const [child, url] = await launch(['simulate', '--port=0', '--replay', folder], /listens on (http:\/\/\S+)\/v1\n/)
    assert.match(await (await fetch(`${url}/v1/models`)).text(), /openai-text/)
    assert.equal(await end(child, 'SIGTERM'), 0)
    const { code, stderr } = await run(['simulate', '--port=0', '--replay', '/no/such/folder'])
    assert.equal(code, 1)
    assert.match(stderr, /^sluice: .*\/no\/such\/folder.*\n$/)
  })
})
