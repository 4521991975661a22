import { lazy, Suspense, useState, type ReactNode } from 'react'
import { isOpen, type Answer, type Chat } from '../../src/chat/index.ts'
import { Icon } from './icons.tsx'
import { Markdown } from './markdown/markdown.tsx'
import { Branches } from './parts/branches.tsx'
import { CopyButton } from './parts/copy-button.tsx'
import { Events } from './parts/events.tsx'
import { IconButton } from './parts/icon-button.tsx'
import { useTexts } from './preferences.tsx'
import { currentSession } from './session.ts'

const WhyPanel = lazy(async () => ({ default: (await import('./why/why-panel.tsx')).WhyPanel }))

/** What the model said, as it comes. */
export function AnswerTurn(props: {
  readonly chat: Chat
  readonly answer: Answer
  readonly isLast: boolean
}): ReactNode {
  const { chat, answer, isLast } = props
  const texts = useTexts()
  const isComing = isOpen(answer)
  const isSilent = isComing && answer.text === '' && answer.toolCalls.length === 0
  return (
    <article className="turn" aria-label={texts.answerOf(answer.settings.model)} aria-busy={isComing}>
      <h2 className="sr-only">{texts.answerOf(answer.settings.model)}</h2>
      <Reasoning answer={answer} />
      <ToolCalls answer={answer} />
      <Events chat={chat} answer={answer} isLast={isLast} />
      {isSilent && (
        <div className="waiting" role="status" aria-label={texts.thinking}>
          <i />
          <i />
          <i />
        </div>
      )}
      {answer.text !== '' && (
        <div className={isComing ? 'coming' : undefined}>
          <Markdown text={answer.text} isWhole={!isComing} />
        </div>
      )}
      <Ending chat={chat} answer={answer} />
      {!isComing && <Tools chat={chat} answer={answer} />}
    </article>
  )
}

function Reasoning({ answer }: { readonly answer: Answer }): ReactNode {
  const texts = useTexts()
  if (answer.reasoning === '') return null
  const isComing = isOpen(answer) && answer.text === ''
  return (
    <details className="folded">
      <summary>
        <Icon name="thought" />
        <span className={isComing ? 'shimmer' : undefined}>{texts.reasoning}</span>
      </summary>
      <div className="whitespace-pre-wrap" dir="auto">
        {answer.reasoning}
      </div>
    </details>
  )
}

function ToolCalls({ answer }: { readonly answer: Answer }): ReactNode {
  const texts = useTexts()
  return answer.toolCalls.map((call) => (
    <details key={call.id} className="folded">
      <summary>
        <Icon name="tool" />
        <span>{texts.toolCall}</span>
        <code>{call.type === 'function' ? call.function.name : call.custom.name}</code>
      </summary>
      <pre tabIndex={0}>{call.type === 'function' ? spaced(call.function.arguments) : call.custom.input}</pre>
    </details>
  ))
}

/** JSON with line breaks once it is whole, as it came until then. */
function spaced(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}

function Ending({ chat, answer }: { readonly chat: Chat; readonly answer: Answer }): ReactNode {
  const texts = useTexts()
  const goesOn = answer.resumed > 0 && (
    <p className="note" title={texts.goesOnHint}>
      <Icon name="link" /> {texts.goesOn}
    </p>
  )
  const isCut = answer.status === 'done' && answer.finishReason === 'length'
  return (
    <>
      {answer.status !== 'failed' && goesOn}
      {answer.status === 'stopped' && <p className="note">{texts.stopped}</p>}
      {isCut && <p className="note">{texts.cut}</p>}
      {answer.status === 'failed' && <Failure chat={chat} answer={answer} />}
    </>
  )
}

function Failure({ chat, answer }: { readonly chat: Chat; readonly answer: Answer }): ReactNode {
  const texts = useTexts()
  const { code = '', message, resumable } = answer.error ?? {}
  // What was refused before this page was opened was another session's.
  const isOfNow = currentSession().keyed && answer.askedAt >= performance.timeOrigin
  const isOver = isOfNow && (code === 'invalid_api_key' || code === 'key_revoked')
  const again = (): void => {
    if (isOver) location.reload()
    else void (resumable === true ? chat.resume() : chat.regenerate(answer.id))
  }
  return (
    <div className="failure" role="alert">
      <p className="font-medium">{texts.failed}</p>
      <p className="text-quiet break-words" dir="auto">
        {isOver ? texts.sessionOver : message}
      </p>
      <button type="button" className="button mt-2" onClick={again}>
        {isOver ? texts.signIn : texts.retry}
      </button>
    </div>
  )
}

function Tools({ chat, answer }: { readonly chat: Chat; readonly answer: Answer }): ReactNode {
  const texts = useTexts()
  const [isWhyOpen, setWhyOpen] = useState(false)
  const canGoOn = answer.status !== 'done' || answer.finishReason === 'length'
  return (
    <div className="tools">
      <Branches chat={chat} id={answer.id} />
      <CopyButton text={answer.text} />
      <IconButton icon="again" label={texts.regenerate} onClick={() => void chat.regenerate(answer.id)} />
      {canGoOn && answer.text !== '' && (
        <IconButton icon="play" label={texts.continue} onClick={() => void chat.continue(answer.id)} />
      )}
      <IconButton icon="why" label={texts.why} onClick={() => setWhyOpen(true)} />
      <span className="ms-1 truncate text-xs text-quiet">{answer.settings.model}</span>
      {isWhyOpen && (
        <Suspense>
          <WhyPanel answer={answer} onClose={() => setWhyOpen(false)} />
        </Suspense>
      )}
    </div>
  )
}
