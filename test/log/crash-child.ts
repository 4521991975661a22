import { writeSync } from 'node:fs'
import { createFileLog } from '../../src/log/file-log.ts'

/**
 * Writes streams until it is killed, and says on stdout what its readers were given: lines of
 * `stream offset`, and `stream end` for a stream that was read to its end.
 */
const [dir = '', life = '0', durability = 'process'] = process.argv.slice(2)
const log = await createFileLog({
  dir,
  now: Date.now,
  durability: durability === 'power' ? 'power' : 'process',
  segmentBytes: 30_000,
})

async function stream(number: number): Promise<void> {
  const id = `st_${life}_${number}`
  const writer = log.create({ id, owner: 'local', model: 'm', createdAt: Date.now() })
  const reading = (async () => {
    for await (const batch of log.read(id, -1)) writeSync(1, `${id} ${batch.entries.at(-1)?.offset}\n`)
    writeSync(1, `${id} end\n`)
  })()
  const length = 5 + ((number * 13) % 60)
  for (let n = 0; n < length; n++) {
    writer.append([{ kind: 'chunk', data: `${id}:${n}:${'x'.repeat((n * 31) % 300)}` }])
    if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  writer.append([{ kind: 'done', data: '[DONE]' }])
  await writer.close({ status: 'completed' })
  await reading
}

writeSync(1, 'ready\n')
for (let next = 0; ; next += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => stream(next + i)))
