import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, describe, test } from 'node:test'
import type { Readable } from 'node:stream'
import { BIN, run } from './run.ts'

type Gateway = ChildProcessByStdio<null, Readable, null>

const running = new Set<Gateway>()
after(() => running.forEach((child) => child.kill('SIGKILL')))

/** `sluice serve ARGS` in a process of its own, once it listens. */
async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<[Gateway, string, string]> {
  const child: Gateway = spawn(process.execPath, [BIN, 'serve', '--port', '0', ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.on('close', () => running.delete(child))
  child.stdout.setEncoding('utf8')
  let text = ''
  for await (const part of child.stdout.iterator({ destroyOnReturn: false })) {
    text += String(part)
    const url = /listens on (http:\/\/\S+)\/v1\n[^]*docs/.exec(text)?.[1]
    if (url !== undefined) return [child, url, text]
  }
  return assert.fail(`it ended: ${text}`)
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
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'any/name', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
      })
      assert.match(await response.text(), /"content":"Hi"[^]*data: \[DONE\]/)
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
