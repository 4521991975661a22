import { StrictMode, Suspense, use, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import type { Message } from '../../src/chat/index.ts'
import { useChat, useCompletion } from '../../src/react/index.ts'
import { createMemoryStore } from '../../src/chat/index.ts'
import { ScriptedClient } from '../chat/support.ts'

/** What the test outside can see and do. */
const test = {
  client: new ScriptedClient(),
  /** Renders by message id. */
  renders: {} as Record<string, number>,
  loads: 0,
  ready: Promise.withResolvers<string>(),
}
Object.assign(window, { test })

const memory = createMemoryStore()
const store: typeof memory = {
  ...memory,
  load(id) {
    test.loads++
    return memory.load(id)
  },
}

function Conversation(): ReactNode {
  const { messages, status, chat } = useChat({ client: test.client, store, id: 'one' })
  return (
    <section id="chat" data-status={status}>
      {messages.map((message) => (
        <Line key={message.id} message={message} />
      ))}
      <button type="button" id="send" onClick={() => void chat.send('Hello')}>
        send
      </button>
    </section>
  )
}

const seen = new Map<string, Message>()

/** Counts only what a `memo` would let through: a new object. */
function Line({ message }: { readonly message: Message }): ReactNode {
  if (seen.get(message.id) !== message) {
    seen.set(message.id, message)
    test.renders[message.id] = (test.renders[message.id] ?? 0) + 1
  }
  return <p data-role={message.role}>{message.text}</p>
}

function Completion(): ReactNode {
  const { completion, complete, isLoading, stop } = useCompletion({ client: test.client })
  return (
    <section id="completion" data-loading={isLoading}>
      <p>{completion}</p>
      <button type="button" id="complete" onClick={() => void complete('One')}>
        complete
      </button>
      <button type="button" id="stop" onClick={stop}>
        stop
      </button>
    </section>
  )
}

function Late(): ReactNode {
  const { messages } = useChat({ client: test.client })
  return <p id="late">{`${use(test.ready.promise)} ${messages.length}`}</p>
}

const root = document.createElement('div')
document.body.append(root)
createRoot(root).render(
  <StrictMode>
    <Conversation />
    <Completion />
    <Suspense fallback={<p id="fallback">…</p>}>
      <Late />
    </Suspense>
  </StrictMode>,
)
