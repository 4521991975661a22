// A chat in React: rendered once per frame while an answer comes. With an `id` and a `store` it goes on after a reload.
import { useState, type ReactNode } from 'react'
import { useChat } from 'sluice/react'

/** A conversation with a field to write into. `baseURL`: a gateway's `/v1`; no key belongs into a page. */
export function StreamingChat({ baseURL }: { readonly baseURL: string }): ReactNode {
  const [text, setText] = useState('')
  const { messages, status, chat } = useChat({ baseURL, settings: { model: 'default' } })

  return (
    <main>
      {messages.map((message) => (
        <p key={message.id} className={`message ${message.role}`}>
          {message.text}
          {message.role === 'assistant' && message.status === 'streaming' && <span className="cursor">▊</span>}
        </p>
      ))}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          setText('')
          void chat.send(text)
        }}
      >
        <input aria-label="Your message" value={text} onChange={(event) => setText(event.target.value)} />
        <button disabled={status === 'busy'}>Send</button>
      </form>
    </main>
  )
}
