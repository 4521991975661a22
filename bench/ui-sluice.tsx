import { memo, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { createChat, type Answer, type AnswerStream, type Chat, type StreamEvent } from '../src/chat/index.ts'
import { useChat } from '../src/react/index.ts'
import { Markdown } from '../web/src/markdown/markdown.tsx'
import { countUpdate, expose, place } from './ui-page.ts'

/** A stream whose chunks come from the bench. */
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
let current: Chat | undefined

function View({ chat }: { readonly chat: Chat }): ReactNode {
  const { messages } = useChat({ chat })
  const answer = messages.at(-1)
  return answer?.role === 'assistant' ? <Shown answer={answer} /> : null
}

/** As the page shows it. */
const Shown = memo(function Shown({ answer }: { readonly answer: Answer }): ReactNode {
  countUpdate()
  return <Markdown text={answer.text} isWhole={answer.status === 'done'} />
})

const root = createRoot(place())

expose({
  async start() {
    feed = new Feed()
    const stream = feed
    current = createChat({
      client: { chat: { completions: { create: async () => stream } }, streams: { resume: async () => stream } },
    })
    root.render(<View key={current.id} chat={current} />)
    await current.load()
    void current.send('go')
  },
  push: (text) => feed.push(text),
  end: () => feed.push('', 'stop'),
  get isDone() {
    return current?.getSnapshot().status === 'ready'
  },
})
