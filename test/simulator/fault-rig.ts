import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { FAULTS, answerFor, startSimulator } from '../../src/simulator/index.ts'
import type { FaultName, Simulator } from '../../src/simulator/index.ts'
import { isFaultName } from '../../src/simulator/faults.ts'
import { ask, chat, content, dechunk, hear } from './raw.ts'
import type { AskOptions, Heard, RawAnswer } from './raw.ts'

const QUICK = 'tokens=12,first=0,interval=0'

/** The whole answer of the models here. */
export const TEXT: string = answerFor(chat('sim:tokens=12'))

/** Looks for a moment at something that never ends. */
export const silent: AskOptions = { within: 300 }

let started: Simulator | undefined

/** One simulator for the tests of a file. */
export function useSimulator(): void {
  before(async () => {
    started = await startSimulator()
  })
  after(() => started?.close())
}

export function simulator(): Simulator {
  assert.ok(started !== undefined)
  return started
}

let used = 0

/** A model name nobody used before, so that counters start from zero. */
export function fresh(fault: string): string {
  return `sim:${QUICK},fault=${fault},overlap=${used++}`
}

/** Asks a fresh model for a stream. */
export function stream(fault: string, options: AskOptions = {}): Promise<RawAnswer> {
  return ask(simulator(), chat(fresh(fault)), { within: 3_000, ...options })
}

export function wholeAnswer(answer: RawAnswer): void {
  const heard = hear(content(answer))
  assert.equal(heard.text, TEXT)
  assert.deepEqual(heard.finish, ['stop'])
  assert.equal(heard.done, true)
}

/** The text of the first `count` tokens and nothing that says the answer is over. */
export function partialAnswer(body: Buffer, count: number): void {
  const heard = hear(body)
  const tokens = heard.chunks.filter((chunk) => chunk.choices?.[0]?.delta?.content).length
  assert.equal(tokens, count)
  assert.ok(TEXT.startsWith(heard.text) && heard.text.length < TEXT.length)
  assert.deepEqual(heard.finish, [])
  assert.equal(heard.done, false)
}

/** An error in JSON with this status. */
export async function status(fault: string, expected: number): Promise<RawAnswer> {
  const answer = await stream(fault)
  assert.equal(answer.status, expected)
  const { error } = JSON.parse(content(answer).toString())
  assert.equal(typeof error.message, 'string')
  assert.equal(typeof error.type, 'string')
  return answer
}

/** Refused once with this status, and well ever after. */
export async function onceThenWell(fault: string, expected: number): Promise<RawAnswer> {
  const model = fresh(fault)
  const first = await ask(simulator(), chat(model))
  assert.equal(first.status, expected)
  wholeAnswer(await ask(simulator(), chat(model)))
  wholeAnswer(await ask(simulator(), chat(model)))
  return first
}

/** A part of the text, no finish_reason, a proper end of the body, and whatever `check` looks for. */
export function partThenError(answer: RawAnswer, check: (heard: Heard) => void): void {
  const heard = hear(content(answer))
  assert.ok(TEXT.startsWith(heard.text) && heard.text !== '')
  assert.deepEqual(heard.finish, [])
  assert.equal(dechunk(answer.body).complete, true)
  check(heard)
}

/** One test per fault, titled by what its row says it does. */
export function testFaults(checks: Readonly<Partial<Record<FaultName, () => Promise<unknown>>>>): void {
  describe('each fault does what its row says', () => {
    for (const [name, check] of Object.entries(checks)) {
      if (isFaultName(name)) test(`${name}: ${FAULTS[name].what}`, async () => void (await check()))
    }
  })
}
