/**
 * `npm run bench -- ui`: what showing an answer costs a page, in the system's Chromium. Three ways in the same
 * run, each in a page of its own: ours, the AI SDK's `useChat` with streamdown, and a `useState` with
 * react-markdown. Chunks are handed over inside the page, so that no network is measured. Measured: JavaScript
 * per update (each time the answer is shown anew) at several lengths of what is already there, with tokens at
 * one per 4 ms; tasks over 50 ms while a whole answer comes so; and the time until an answer that came at once
 * is painted.
 */
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { answerFor } from '../src/simulator/index.ts'
import { launch } from '../test/browser/support.ts'
import { median } from './samples.ts'
import { judgeUi, type UiFigures } from './ui-bars.ts'
import type { BenchPage } from './ui-page.ts'

declare global {
  interface Window {
    bench: BenchPage
  }
}

const CONTENDERS = {
  sluice: new URL('./ui-sluice.tsx', import.meta.url),
  streamdown: new URL('./ui-streamdown.tsx', import.meta.url),
  'react-markdown': new URL('./ui-react-markdown.tsx', import.meta.url),
} as const
const SIZES_KB = [8, 32, 64] as const
const EVERY_MS = 4
const TOKENS_PER_SAMPLE = 250

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 1 : 5
const PACED_TOKENS = quick ? 2_000 : 10_000
const FLAGS = { bundle: true, minify: true, write: false, format: 'iife', jsx: 'automatic' } as const

/** A long answer with everything in it that answers have. */
function markdown(bytes: number): string {
  let text = ''
  for (let seed = 0; text.length < bytes; seed++) {
    const content = ['Compare in a table', 'Write code in TypeScript', 'List the steps'][seed % 3]
    text += `${answerFor({ model: `sim:tokens=400,seed=${seed}`, messages: [{ role: 'user', content }] })}\n\n`
  }
  return text
}

const text = markdown(80 * 1024)
const pieces = text.match(/\s*\S{1,5}/gu) ?? []

/** A page with one way of showing, ready to be measured. */
interface Stand {
  readonly name: string
  readonly page: Page
  readonly session: CDPSession
}

async function stand(browser: Browser, name: string, entry: URL): Promise<Stand> {
  const { outputFiles } = await build({
    ...FLAGS,
    entryPoints: [fileURLToPath(entry)],
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.css': 'empty' },
  })
  const page = await browser.newPage()
  await page.setContent('<!doctype html><div id="root"></div>')
  await page.addScriptTag({ content: outputFiles[0]?.text ?? '' })
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  return { name, page, session }
}

/** Milliseconds of JavaScript per update, medians over the rounds; the ways take turns. */
async function measureUpdates(stands: readonly Stand[]): Promise<UiFigures['perUpdate']> {
  const samples = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of SIZES_KB) {
      for (const each of stands) {
        const key = `${each.name} ${size}`
        samples.set(key, [...(samples.get(key) ?? []), await sampleAt(each, size * 1024)])
      }
    }
  }
  return new Map([...samples].map(([key, values]) => [key, median(values)]))
}

async function sampleAt({ name, page, session }: Stand, size: number): Promise<number> {
  const { length } = pieces
  let [at, known] = [0, 0]
  while (known < size && at < length) known += pieces[at++]?.length ?? 0
  const [before, next] = [pieces.slice(0, at).join(''), pieces.slice(at, at + TOKENS_PER_SAMPLE)]
  await page.bringToFront()
  await page.evaluate(async (start) => {
    await window.bench.start()
    window.bench.push(start)
    await window.bench.pace([' '], 50)
  }, before)
  await session.send('HeapProfiler.collectGarbage')
  const [scriptBefore, updatesBefore] = [await scriptMs(session), await page.evaluate(() => window.bench.updates)]
  await page.evaluate(([more, every]) => window.bench.pace(more, every), [next, EVERY_MS] as const)
  const [script, updates] = [await scriptMs(session), await page.evaluate(() => window.bench.updates)]
  await page.evaluate(() => window.bench.finish())
  const shown = await page.evaluate(() => window.bench.shown.length)
  if (shown < known / 2 || updates - updatesBefore < 2)
    throw new Error(`${name} at ${size}: ${shown} of ${known} characters, ${updates - updatesBefore} updates`)
  return (script - scriptBefore) / (updates - updatesBefore)
}

async function scriptMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0) * 1_000
}

/** Tasks over 50 ms while an answer comes token by token. */
async function pacedRun({ page }: Stand): Promise<readonly number[]> {
  const all = Array.from({ length: PACED_TOKENS }, (_, at) => pieces[at % pieces.length] ?? '')
  await page.bringToFront()
  return page.evaluate(
    async ([more, every]) => {
      await window.bench.start()
      await window.bench.pace(more, every)
      const long = [...window.bench.longTasks]
      await window.bench.finish()
      return long.map(Math.round)
    },
    [all, EVERY_MS] as const,
  )
}

/** Milliseconds from the first of all chunks, which come at once, to the whole answer on the screen. */
async function burst({ page, session }: Stand): Promise<number> {
  const times: number[] = []
  await page.bringToFront()
  for (let round = 0; round < ROUNDS; round++) {
    await session.send('HeapProfiler.collectGarbage')
    times.push(
      await page.evaluate(async (all) => {
        await window.bench.start()
        const began = performance.now()
        for (const piece of all) window.bench.push(piece)
        await window.bench.finish()
        return performance.now() - began
      }, pieces),
    )
  }
  return median(times)
}

console.log(`load average before: ${loadavg()[0]?.toFixed(2)} (a task that had to wait for a core is a long one too)`)
const browser = await launch()
try {
  const stands: Stand[] = []
  for (const [name, entry] of Object.entries(CONTENDERS)) stands.push(await stand(browser, name, entry))
  const perUpdate = await measureUpdates(stands)
  for (const { name } of stands) {
    const figures = SIZES_KB.map((size) => `${size} KB ${(perUpdate.get(`${name} ${size}`) ?? NaN).toFixed(2)} ms`)
    console.log(`${name.padEnd(14)} JS per update: ${figures.join(', ')}`)
  }
  const longTasks = new Map<string, readonly number[]>()
  const bursts = new Map<string, number>()
  for (const each of stands) {
    const long = await pacedRun(each)
    longTasks.set(each.name, long)
    const sum = long.reduce((all, one) => all + one, 0)
    console.log(
      `${each.name.padEnd(14)} ${PACED_TOKENS} tokens, one per ${EVERY_MS} ms: ${long.length} tasks over 50 ms, ${sum} ms in all, longest ${Math.max(0, ...long)} ms`,
    )
  }
  for (const each of stands) {
    bursts.set(each.name, await burst(each))
    console.log(`${each.name.padEnd(14)} burst to final paint: ${(bursts.get(each.name) ?? NaN).toFixed(0)} ms`)
  }
  for (const line of judgeUi({ perUpdate, longTasks, bursts })) console.log(line)
} finally {
  await browser.close()
}
