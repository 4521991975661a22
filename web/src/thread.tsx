import { memo, useRef, useState, type ReactNode } from 'react'
import type { Chat, Message } from '../../src/chat/index.ts'
import { AnswerTurn } from './answer-turn.tsx'
import { Announcer } from './announcer.tsx'
import { IconButton } from './parts/icon-button.tsx'
import { useTexts } from './preferences.tsx'
import { UserTurn } from './user-turn.tsx'

/** Further from the end than this, the reader is reading something older. */
const NEAR_PX = 160

/**
 * The messages. The list hangs from its end (`column-reverse`), so that the browser keeps the newest in
 * sight while it grows, and leaves a reader who scrolled up where they are, without a measurement of ours.
 */
export function Thread({ chat, messages }: { readonly chat: Chat; readonly messages: readonly Message[] }): ReactNode {
  const texts = useTexts()
  const ref = useRef<HTMLDivElement>(null)
  const [isAway, setAway] = useState(false)
  const last = messages.at(-1)
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={ref}
        className="thread"
        tabIndex={0}
        role="region"
        aria-label={texts.conversations}
        onScroll={(event) => setAway(event.currentTarget.scrollTop < -NEAR_PX)}
      >
        <div className="mx-auto mb-auto w-full max-w-[46rem] space-y-5 px-4 pt-6 pb-8">
          {messages.map((message) => (
            <Turn key={message.id} chat={chat} message={message} isLast={message === last} />
          ))}
        </div>
      </div>
      {isAway && (
        <IconButton
          icon="end"
          label={texts.jumpToEnd}
          className="floating absolute start-1/2 bottom-3"
          onClick={() => ref.current?.scrollTo({ top: 0 })}
        />
      )}
      <Announcer answer={last?.role === 'assistant' ? last : undefined} />
    </div>
  )
}

/** Rendered again only when its own message has a new object: while an answer comes, only the last one. */
const Turn = memo(function Turn(props: {
  readonly chat: Chat
  readonly message: Message
  readonly isLast: boolean
}): ReactNode {
  const { chat, message, isLast } = props
  if (message.role === 'user') return <UserTurn chat={chat} message={message} />
  return <AnswerTurn chat={chat} answer={message} isLast={isLast} />
})
