/** One way of showing an answer, inside the page that measures it. */
export interface Contender {
  /** Shows an empty conversation and asks. */
  start(): Promise<void>
  /** More of the answer has come. */
  push(text: string): void
  /** It is whole. */
  end(): void
  /** Whether the state says so too. */
  readonly isDone: boolean
}

/** What the driver outside can do in the page. */
export interface BenchPage {
  /** Begins an answer. */
  start(): Promise<void>
  push(text: string): void
  /** The answer is whole; resolves when its last state is on the screen. */
  finish(): Promise<void>
  /** Pushes pieces, one each `everyMs`; resolves when the last one is on the screen. */
  pace(pieces: readonly string[], everyMs: number): Promise<void>
  /** How often the answer was shown anew. */
  readonly updates: number
  /** Milliseconds of each task over 50 ms. */
  readonly longTasks: readonly number[]
  /** What a reader sees. */
  readonly shown: string
}

let updates = 0
const longTasks: number[] = []

/** To be called by what shows the answer, each time it does. */
export function countUpdate(): void {
  updates++
}

/** Where a contender shows its answer. */
export function place(): HTMLElement {
  return document.getElementById('root') ?? document.body
}

/** Lets the driver measure a contender. */
export function expose(contender: Contender): void {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration)
  }).observe({ entryTypes: ['longtask'] })
  const bench: BenchPage = {
    async start() {
      updates = 0
      longTasks.length = 0
      await contender.start()
      await painted()
    },
    push: (text) => contender.push(text),
    async finish() {
      contender.end()
      while (!contender.isDone) await new Promise((resolve) => setTimeout(resolve))
      await painted()
    },
    async pace(pieces, everyMs) {
      const began = performance.now()
      for (let at = 0; at < pieces.length;) {
        // A page that cannot keep up gets more at once, as it would from a socket.
        const due = Math.min(pieces.length, Math.floor((performance.now() - began) / everyMs) + 1)
        for (; at < due; at++) contender.push(pieces[at] ?? '')
        await new Promise((resolve) => setTimeout(resolve, everyMs))
      }
      await painted()
    },
    get updates() {
      return updates
    },
    get longTasks() {
      return longTasks
    },
    get shown() {
      return document.body.innerText
    },
  }
  Object.assign(window, { bench })
}

function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))
}
