/**
 * What each pure stage of a token's way costs, in nanoseconds per event, over the recorded streams; the
 * decoder beside eventsource-parser with TextDecoder in the same run. `node bench/stages.ts`.
 *
 * Every iteration starts with fresh state, and what it gives is checked against the recording: a stage
 * that loses or invents something cannot win.
 */
import { createParser } from 'eventsource-parser'
import { measure } from 'mitata'
import { Accumulator } from '../src/completion/accumulate.ts'
import { compact } from '../src/completion/compact.ts'
import { parseEvent, type ParsedChunk } from '../src/completion/parse.ts'
import { SseDecoder } from '../src/sse/decode.ts'
import { frame } from '../src/sse/encode.ts'
import type { SseEvent } from '../src/sse/event.ts'
import { recordedStreams } from '../test/support/recorded.ts'

/** A stage over all the streams. Gives a number that depends on everything it did. */
type Work = () => number

interface Row {
  readonly stage: string
  readonly input: string
  readonly work: Work
  /** What `work` must give. */
  readonly gives: number
}

const streams = recordedStreams().filter(({ kind }) => kind === 'chat.completion.chunk')
const datas = streams.map(({ data }) => data)
const events = datas.flat().length
const characters = datas.flat().reduce((sum, data) => sum + data.length, 0)
const bytes = datas.flat().reduce((sum, data) => sum + Buffer.byteLength(data), 0)

const encoder = new TextEncoder()

/** Each stream's reads when each event is one. */
function eventReads(write: (data: string, offset: number) => string): Uint8Array[][] {
  return datas.map((stream) => stream.map((data, offset) => encoder.encode(write(data, offset))))
}

/** Each stream's reads when the network cuts them at a size. */
function sizedReads(size: number, lineEnd: string = '\n'): Uint8Array[][] {
  return datas.map((stream) => {
    const all = encoder.encode(stream.map((data) => `data: ${data}${lineEnd}${lineEnd}`).join(''))
    const reads: Uint8Array[] = []
    for (let at = 0; at < all.length; at += size) reads.push(all.slice(at, at + size))
    return reads
  })
}

function ours(streamsOfReads: readonly Uint8Array[][]): Work {
  return () => {
    let seen = 0
    for (const reads of streamsOfReads) {
      const decoder = new SseDecoder()
      for (const read of reads) {
        for (const item of decoder.push(read)) if (item.type === 'event') seen += item.data.length
      }
    }
    return seen
  }
}

function theirs(streamsOfReads: readonly Uint8Array[][]): Work {
  return () => {
    let seen = 0
    for (const reads of streamsOfReads) {
      const decoder = new TextDecoder()
      const parser = createParser({ onEvent: ({ data }) => (seen += data.length) })
      for (const read of reads) parser.feed(decoder.decode(read, { stream: true }))
    }
    return seen
  }
}

function decodeRows(): Row[] {
  const inputs: readonly (readonly [string, Uint8Array[][]])[] = [
    ['one event a read', eventReads((data) => `data: ${data}\n\n`)],
    [
      'one event a read, with id',
      eventReads((data, offset) => frame('st_0123456789abcdef0123456789abcdef:', offset, data)),
    ],
    ['one event a read, CRLF', eventReads((data) => `data: ${data}\r\n\r\n`)],
    ['reads of 1448 bytes', sizedReads(1448)],
    ['reads of 64 KiB', sizedReads(65_536)],
    ['reads of 64 KiB, CRLF', sizedReads(65_536, '\r\n')],
    ['reads of 100 bytes', sizedReads(100)],
  ]
  return inputs.flatMap(([input, reads]) => [
    { stage: 'decode', input, work: ours(reads), gives: characters },
    { stage: 'eventsource-parser', input, work: theirs(reads), gives: characters },
  ])
}

const asEvent = (data: string): SseEvent => ({ type: 'event', name: '', data, id: undefined })
const isChunk = (data: string): boolean => data !== '[DONE]'

function chunkRows(): Row[] {
  const sse = datas.map((stream) => stream.map(asEvent))
  const chunks = datas.map((stream) =>
    stream
      .map(asEvent)
      .map((event) => parseEvent(event))
      .filter((parsed): parsed is ParsedChunk => parsed.type === 'chunk'),
  )
  const placed = datas.map((stream) => stream.filter(isChunk).map((data, offset) => ({ data, offset })))
  const count = (all: readonly (readonly unknown[])[]): number => all.flat().length
  const texts = (): number => chunks.reduce((sum, stream) => sum + accumulate(stream), 0)
  return [
    {
      stage: 'JSON.parse alone',
      input: 'every chunk',
      gives: count(chunks),
      work: () =>
        datas.reduce(
          (sum, stream) => sum + stream.filter((data) => isChunk(data) && JSON.parse(data).choices).length,
          0,
        ),
    },
    {
      stage: 'parse',
      input: 'every event',
      gives: count(chunks),
      work: () =>
        sse.reduce((sum, stream) => sum + stream.filter((event) => parseEvent(event).type === 'chunk').length, 0),
    },
    { stage: 'accumulate', input: 'every chunk', gives: texts(), work: texts },
    {
      stage: 'compact',
      input: 'whole streams',
      gives: placed.reduce((sum, stream) => sum + compact(stream).length, 0),
      work: () => placed.reduce((sum, stream) => sum + compact(stream).length, 0),
    },
  ]
}

function accumulate(chunks: readonly ParsedChunk[]): number {
  const accumulator = new Accumulator()
  for (const { chunk } of chunks) accumulator.add(chunk)
  return accumulator.text.length
}

function encodeRows(): Row[] {
  const prefix = 'st_0123456789abcdef0123456789abcdef:'
  const added = datas.reduce(
    (sum, stream) => sum + stream.reduce((all, _, offset) => all + frame(prefix, offset, '').length, 0),
    0,
  )
  const each =
    (write: (offset: number, data: string) => number): Work =>
    () =>
      datas.reduce((sum, stream) => sum + stream.reduce((all, data, offset) => all + write(offset, data), 0), 0)
  return [
    {
      stage: 'frame',
      input: 'every event, as text',
      gives: characters + added,
      work: each((offset, data) => frame(prefix, offset, data).length),
    },
    {
      stage: 'frame',
      input: 'every event, as bytes',
      gives: bytes + added,
      work: each((offset, data) => Buffer.from(frame(prefix, offset, data)).length),
    },
  ]
}

const ROUNDS = 5

/** Nanoseconds of one pass: what a quarter of the passes stayed under. */
async function time(row: Row): Promise<number> {
  let wrong = 0
  const { p25 } = await measure(
    () => {
      if (row.work() !== row.gives) wrong++
    },
    { min_cpu_time: 100_000_000 },
  )
  if (wrong > 0) throw new Error(`${row.stage}, ${row.input}: ${wrong} passes gave something else`)
  return p25
}

// The rows take turns, and the best of a row's rounds counts: what others do on the machine comes and goes.
const rows = [...decodeRows(), ...chunkRows(), ...encodeRows()]
const best = rows.map(() => Infinity)
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, row] of rows.entries()) best[i] = Math.min(best[i] ?? Infinity, (await time(row)) / events)
}

console.log(
  `${streams.length} streams, ${events} events, ${Math.round(bytes / events)} bytes an event, Node ${process.version}\n`,
)
for (const [i, { stage, input }] of rows.entries()) {
  const ns = best[i] ?? Infinity
  const ratio = rows[i - 1]?.input === input ? `${(ns / (best[i - 1] ?? ns)).toFixed(2)} times the line above` : ''
  console.log(`${stage.padEnd(20)}${input.padEnd(28)}${ns.toFixed(0).padStart(6)} ns/event  ${ratio}`.trimEnd())
}
