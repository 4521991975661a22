import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { Chat } from '../../src/chat/index.ts'
import { Icon } from './icons.tsx'
import { IconButton } from './parts/icon-button.tsx'
import { useTexts } from './preferences.tsx'

/** Where the user writes. What is not sent yet is kept per conversation while the page lives. */
const unsent = new Map<string, string>()

/** The field to write in, what waits to be sent, and the button that sends or stops. */
export function Composer(props: {
  readonly chat: Chat
  readonly isBusy: boolean
  readonly queue: readonly string[]
}): ReactNode {
  const { chat, isBusy, queue } = props
  const texts = useTexts()
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState(() => unsent.get(chat.id) ?? '')
  useEffect(() => {
    field.current?.focus({ preventScroll: true })
  }, [])
  const write = (value: string): void => {
    unsent.set(chat.id, value)
    setText(value)
  }
  const send = (): void => {
    if (text.trim() === '') return
    write('')
    // What could not be sent is not lost.
    chat.send(text.trim()).catch(() => write(text))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    // While a word is being composed, Enter accepts it.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form
      className="mx-auto w-full max-w-[46rem] px-4 pb-3"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <Queue chat={chat} queue={queue} />
      <div className="composer">
        <textarea
          ref={field}
          value={text}
          rows={1}
          dir="auto"
          aria-label={texts.ask}
          placeholder={texts.ask}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <RoundButton isBusy={isBusy} isEmpty={text.trim() === ''} onStop={() => chat.stop()} />
      </div>
      <p className="hidden pt-2 text-center text-xs text-quiet sm:block">{texts.keys}</p>
    </form>
  )
}

/** Stops while an answer comes and nothing is written; sends otherwise. */
function RoundButton(props: {
  readonly isBusy: boolean
  readonly isEmpty: boolean
  readonly onStop: () => void
}): ReactNode {
  const { isBusy, isEmpty, onStop } = props
  const texts = useTexts()
  if (isBusy && isEmpty) {
    return (
      <button type="button" className="round" aria-label={texts.stop} title={texts.stop} onClick={onStop}>
        <Icon name="stop" />
      </button>
    )
  }
  const label = isBusy ? texts.queueIt : texts.send
  return (
    <button type="submit" className="round" aria-label={label} title={label} disabled={isEmpty}>
      <Icon name="send" />
    </button>
  )
}

function Queue({ chat, queue }: { readonly chat: Chat; readonly queue: readonly string[] }): ReactNode {
  const texts = useTexts()
  if (queue.length === 0) return null
  return (
    <ul className="mb-2 space-y-1" aria-label={texts.queued}>
      {queue.map((waiting, at) => (
        <li
          key={at}
          className="flex items-center gap-2 rounded-lg border border-dashed border-line px-3 py-1.5 text-sm"
        >
          <span className="min-w-0 flex-1 truncate" dir="auto" title={texts.queued}>
            {waiting}
          </span>
          <IconButton icon="close" label={texts.takeBack} onClick={() => chat.unqueue(at)} />
        </li>
      ))}
    </ul>
  )
}
