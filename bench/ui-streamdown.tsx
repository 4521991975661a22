import { useChat } from '@ai-sdk/react'
import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai'
import { memo, useEffect, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { Streamdown } from 'streamdown'
import { countUpdate, expose, place } from './ui-page.ts'

/** What the SDK reads; the bench takes the place of the network. */
let stream: ReadableStreamDefaultController<UIMessageChunk> | undefined
let opened = Promise.withResolvers<void>()
let mounted = Promise.withResolvers<(text: string) => void>()
let status = ''
let asked = 0

const transport: ChatTransport<UIMessage> = {
  async sendMessages() {
    return new ReadableStream({
      start(controller) {
        stream = controller
        opened.resolve()
        controller.enqueue({ type: 'start' })
        controller.enqueue({ type: 'text-start', id: 't' })
      },
    })
  },
  reconnectToStream: async () => null,
}

/** As the SDK's and streamdown's own examples show an answer. */
function View(): ReactNode {
  const chat = useChat({ transport })
  useEffect(() => {
    mounted.resolve((text) => void chat.sendMessage({ text }))
    ;({ status } = chat)
  })
  return chat.messages.map((message) =>
    message.role === 'assistant'
      ? message.parts.map((part, at) =>
          part.type === 'text' ? <Shown key={at} text={part.text} isComing={chat.status === 'streaming'} /> : null,
        )
      : null,
  )
}

const Shown = memo(function Shown(props: { readonly text: string; readonly isComing: boolean }): ReactNode {
  countUpdate()
  return <Streamdown isAnimating={props.isComing}>{props.text}</Streamdown>
})

const root = createRoot(place())

expose({
  async start() {
    opened = Promise.withResolvers()
    mounted = Promise.withResolvers()
    root.render(<View key={++asked} />)
    const send = await mounted.promise
    send('go')
    await opened.promise
  },
  push: (delta) => stream?.enqueue({ type: 'text-delta', id: 't', delta }),
  end() {
    stream?.enqueue({ type: 'text-end', id: 't' })
    stream?.enqueue({ type: 'finish' })
    stream?.close()
  },
  get isDone() {
    return status === 'ready'
  },
})
