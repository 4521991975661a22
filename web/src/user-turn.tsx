import { useState, type ReactNode } from 'react'
import type { Chat, UserMessage } from '../../src/chat/index.ts'
import { Branches } from './parts/branches.tsx'
import { CopyButton } from './parts/copy-button.tsx'
import { IconButton } from './parts/icon-button.tsx'
import { useTexts } from './preferences.tsx'

/** What the user said. */
export function UserTurn({ chat, message }: { readonly chat: Chat; readonly message: UserMessage }): ReactNode {
  const texts = useTexts()
  const [isEdited, setEdited] = useState(false)
  if (isEdited) return <Editor chat={chat} message={message} onDone={() => setEdited(false)} />
  return (
    <article className="turn flex flex-col items-end" aria-label={texts.you}>
      <div className="said" dir="auto">
        {message.text}
      </div>
      <div className="tools">
        <Branches chat={chat} id={message.id} />
        <CopyButton text={message.text} />
        <IconButton icon="edit" label={texts.edit} onClick={() => setEdited(true)} />
      </div>
    </article>
  )
}

function Editor(props: { readonly chat: Chat; readonly message: UserMessage; readonly onDone: () => void }): ReactNode {
  const { chat, message, onDone } = props
  const texts = useTexts()
  const [text, setText] = useState(message.text)
  const send = (): void => {
    onDone()
    if (text.trim() !== '') void chat.edit(message.id, text.trim())
  }
  return (
    <form
      className="composer flex-col items-stretch"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        autoFocus
        dir="auto"
        value={text}
        aria-label={texts.edit}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault()
            send()
          }
          if (event.key !== 'Escape') return
          // Esc is for this field here, not for the answer that is coming.
          event.stopPropagation()
          onDone()
        }}
      />
      <div className="flex justify-end gap-2">
        <button type="button" className="button" onClick={onDone}>
          {texts.cancel}
        </button>
        <button type="submit" className="button primary">
          {texts.send}
        </button>
      </div>
    </form>
  )
}
