/**
 * `npm run bench -- ui`: what showing an answer costs a page, in the system's Chromium. Measured per update
 * (one frame in which the answer grew), at several lengths of what is already there, while tokens come at
 * one per 4 ms; then a whole answer paced, and one that arrives in a single burst. Beside the page's way the
 * same text is rendered anew with each update, which is what a page without frozen blocks does.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { CDPSession, Page } from 'playwright-core'
import { answerFor } from '../src/simulator/index.ts'
import { launch } from '../test/browser/support.ts'
import { median } from './samples.ts'
import type { BenchPage, Contender } from './ui-page.tsx'

declare global {
  interface Window {
    bench: BenchPage
  }
}

const SIZES_KB = [8, 32, 64] as const
const EVERY_MS = 4
const TOKENS_PER_SAMPLE = 250
const CONTENDERS: readonly Contender[] = ['sluice', 'whole']

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 1 : 3
const PACED_TOKENS = quick ? 1_000 : 10_000

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
const bundle = await build({
  entryPoints: [fileURLToPath(new URL('ui-page.tsx', import.meta.url))],
  bundle: true,
  minify: true,
  write: false,
  format: 'iife',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
})

const browser = await launch()
try {
  const page = await browser.newPage()
  await page.setContent('<div id="root"></div>')
  await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' })
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const perUpdate = await measureUpdates(page, session)
  for (const contender of CONTENDERS) {
    const figures = SIZES_KB.map((size) => `${size} KB ${(perUpdate.get(`${contender} ${size}`) ?? 0).toFixed(2)} ms`)
    console.log(`${contender.padEnd(8)} JS per update: ${figures.join(', ')}`)
  }
  const ratio = (perUpdate.get('sluice 64') ?? 0) / (perUpdate.get('sluice 8') ?? 1)
  console.log(`sluice at 64 KB against 8 KB: ${ratio.toFixed(2)} (bar 1.5) ${ratio <= 1.5 ? 'held' : 'MISSED'}`)
  const long = await pacedRun(page)
  console.log(`long tasks in ${PACED_TOKENS} paced tokens: ${long.length} (bar 0) ${long.join(', ')}`)
  for (const contender of CONTENDERS)
    console.log(`${contender.padEnd(8)} burst to final paint: ${(await burst(page, contender)).toFixed(0)} ms`)
} finally {
  await browser.close()
}

/** Milliseconds of JavaScript per update, medians over the rounds; contenders take turns. */
async function measureUpdates(page: Page, session: CDPSession): Promise<ReadonlyMap<string, number>> {
  const samples = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of SIZES_KB) {
      for (const contender of CONTENDERS) {
        const sample = await sampleAt(page, session, contender, size * 1024)
        const key = `${contender} ${size}`
        samples.set(key, [...(samples.get(key) ?? []), sample])
      }
    }
  }
  return new Map([...samples].map(([key, values]) => [key, median(values)]))
}

async function sampleAt(page: Page, session: CDPSession, contender: Contender, size: number): Promise<number> {
  const { length } = pieces
  let [at, known] = [0, 0]
  while (known < size && at < length) known += pieces[at++]?.length ?? 0
  const [before, next] = [pieces.slice(0, at).join(''), pieces.slice(at, at + TOKENS_PER_SAMPLE)]
  await page.evaluate(
    async ([name, start]) => {
      await window.bench.start(name)
      window.bench.push(start)
      await window.bench.pace([' '], 50)
    },
    [contender, before] as const,
  )
  const [scriptBefore, updatesBefore] = [await scriptMs(session), await page.evaluate(() => window.bench.updates)]
  await page.evaluate(([more, every]) => window.bench.pace(more, every), [next, EVERY_MS] as const)
  const [script, updates] = [await scriptMs(session), await page.evaluate(() => window.bench.updates)]
  const shown = await page.evaluate(() => window.bench.shown.length)
  if (shown < known / 2 || updates - updatesBefore < 3)
    throw new Error(`${contender} at ${size}: ${shown} of ${known} characters, ${updates - updatesBefore} updates`)
  await page.evaluate(() => window.bench.finish())
  return (script - scriptBefore) / (updates - updatesBefore)
}

async function scriptMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0) * 1_000
}

async function pacedRun(page: Page): Promise<readonly number[]> {
  const all = Array.from({ length: PACED_TOKENS }, (_, at) => pieces[at % pieces.length] ?? '')
  return page.evaluate(
    async ([more, every]) => {
      await window.bench.start('sluice')
      await window.bench.pace(more, every)
      const long = [...window.bench.longTasks]
      await window.bench.finish()
      return long.map(Math.round)
    },
    [all, EVERY_MS] as const,
  )
}

/** From the first of all chunks, which come at once, to the whole answer on the screen. */
async function burst(page: Page, contender: Contender): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    times.push(
      await page.evaluate(
        async ([name, all]) => {
          await window.bench.start(name)
          const began = performance.now()
          for (const piece of all) window.bench.push(piece)
          await window.bench.finish()
          return performance.now() - began
        },
        [contender, pieces] as const,
      ),
    )
  }
  return median(times)
}
