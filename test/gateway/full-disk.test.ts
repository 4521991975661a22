import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { answerFor } from '../../src/simulator/index.ts'
import { gatewayConfig, keepingLogger, plainProvider, startRig } from '../support/gateway.ts'
import { serve } from '../../src/node/serve.ts'
import { eventsOf, textOf } from '../support/sse.ts'

const mayMount = process.platform === 'linux' && process.getuid?.() === 0
const messages = [{ role: 'user' as const, content: 'Tell me a story' }]
const LONG = 'sim:tokens=6000,interval=0ms,first=0ms'

describe('a gateway whose disk runs full', () => {
  test(
    'goes on relaying, says that it is degraded, and recovers without a damaged stream',
    { skip: mayMount ? false : 'needs root on Linux to mount a tmpfs of 8 MB', timeout: 60_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-full-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder])
      const filler = join(folder, 'filler')
      const log = { kind: 'file', dir: join(folder, 'data'), durability: 'process', retention: 3_600_000 } as const
      try {
        await using rig = await startRig({
          config: (simulator) => ({ passthrough: plainProvider(simulator.url), log }),
        })
        const state = async (): Promise<string> =>
          JSON.parse(await (await fetch(`${rig.server.url}/readyz`)).text()).durability
        const ask = async (): Promise<{ id: string; text: string }> => {
          const response = await rig.chat({ model: LONG, stream: true, messages })
          return { id: response.headers.get('x-stream-id') ?? '', text: textOf(eventsOf(await response.text())) }
        }
        const whole = answerFor({ model: LONG, messages })
        assert.equal((await ask()).text, whole)
        assert.equal(await state(), 'process')

        fill(filler)
        const during: { id: string; text: string }[] = []
        for (let i = 0; i < 6 && (await state()) !== 'degraded'; i++) during.push(await ask())
        assert.equal(await state(), 'degraded')
        assert.ok(
          during.every(({ text }) => text === whole),
          'every answer is whole all the same',
        )
        assert.match(await (await fetch(`${rig.server.url}/metrics`)).text(), /^sluice_log_degraded 1$/m)

        rmSync(filler)
        for (let i = 0; i < 100 && (await state()) !== 'process'; i++)
          await new Promise((resolve) => setTimeout(resolve, 100))
        assert.equal(await state(), 'process')
        const later = await ask()
        await rig.server.shutdown()

        // What the next process finds is whole, or honestly gone.
        const next = await serve({
          config: gatewayConfig({ log, passthrough: plainProvider(rig.simulator.url) }),
          logger: keepingLogger(),
        })
        for (const { id } of [...during, later]) {
          const response = await fetch(`${next.url}/v1/streams/${id}`)
          if (response.status === 200) assert.equal(textOf(eventsOf(await response.text())), whole)
          else assert.ok(response.status === 404 || response.status === 410)
        }
        assert.equal((await fetch(`${next.url}/v1/streams/${later.id}`)).status, 200)
        await next.shutdown()
      } finally {
        execFileSync('umount', [folder])
        rmSync(folder, { recursive: true })
      }
    },
  )
})

/** Takes all but a little of the space there is. */
function fill(path: string): void {
  const part = Buffer.alloc(64 * 1024)
  try {
    for (;;) appendFileSync(path, part)
  } catch {
    truncateSync(path, Math.max(0, statSync(path).size - part.length))
  }
}
