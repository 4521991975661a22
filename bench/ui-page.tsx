import { memo, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { Lexer } from 'marked'
import { createChat, type Answer, type AnswerStream, type Chat, type StreamEvent } from '../src/chat/index.ts'
import { useChat } from '../src/react/index.ts'
import { Markdown } from '../web/src/markdown/markdown.tsx'

/** What is shown: the page's own way, or the whole text read and rendered anew with each update. */
export type Contender = 'sluice' | 'whole'

/** What the driver can do in the page. */
export interface BenchPage {
  /** Begins an answer. */
  start(contender: Contender): Promise<void>
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

class Feed implements AnswerStream {
  readonly id: undefined = undefined
  #items: StreamEvent[] = []
  #isEnded = false
  #wake: (() => void) | undefined

  push(content: string, reason: 'stop' | null = null): void {
    const choices = [{ index: 0, delta: { content }, finish_reason: reason }]
    const chunk = { id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices } as const
    this.#items.push({ type: 'chunk', chunk })
    this.#isEnded = reason !== null
    this.#wake?.()
  }

  async cancel(): Promise<void> {}

  async *events(): AsyncGenerator<StreamEvent> {
    for (;;) {
      const items = this.#items
      this.#items = []
      yield* items
      if (this.#items.length > 0) continue
      if (this.#isEnded) return
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

let feed = new Feed()
let updates = 0
const longTasks: number[] = []
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longTasks.push(duration)
}).observe({ entryTypes: ['longtask'] })

function View({ chat, contender }: { readonly chat: Chat; readonly contender: Contender }): ReactNode {
  const { messages } = useChat({ chat })
  const answer = messages.at(-1)
  if (answer?.role !== 'assistant') return null
  return contender === 'sluice' ? <Page answer={answer} /> : <Whole answer={answer} />
}

const Page = memo(function Page({ answer }: { readonly answer: Answer }): ReactNode {
  updates++
  return <Markdown text={answer.text} isWhole={answer.status === 'done'} />
})

/** What a page does that has no memory: every update is a new document. */
const Whole = memo(function Whole({ answer }: { readonly answer: Answer }): ReactNode {
  updates++
  const key = new Lexer().lex(answer.text).length
  return <Markdown key={`${key} ${answer.text.length}`} text={answer.text} isWhole />
})

const root = createRoot(document.getElementById('root') ?? document.body)
let current: Chat | undefined

const painted = (): Promise<void> =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))

const bench: BenchPage = {
  async start(contender) {
    feed = new Feed()
    updates = 0
    longTasks.length = 0
    current = createChat({
      client: { chat: { completions: { create: async () => feed } }, streams: { resume: async () => feed } },
    })
    root.render(<View key={Math.random()} chat={current} contender={contender} />)
    void current.send('go')
    await painted()
  },
  push: (text) => feed.push(text),
  async finish() {
    feed.push('', 'stop')
    await new Promise<void>((resolve) => {
      const look = (): void => (current?.getSnapshot().status === 'ready' ? resolve() : void setTimeout(look))
      look()
    })
    await painted()
  },
  async pace(pieces, everyMs) {
    const began = performance.now()
    for (let at = 0; at < pieces.length;) {
      const due = Math.min(pieces.length, Math.floor((performance.now() - began) / everyMs) + 1)
      for (; at < due; at++) feed.push(pieces[at] ?? '')
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
