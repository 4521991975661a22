import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react'
import { isOpen, type Answer } from '../../src/chat/index.ts'
import { nextSentences } from './sentences.ts'

/** No more often than this is something new said: a reader who speaks cannot keep up with a model. */
const EVERY_MS = 2_000

/** Tells screen readers the answer that comes, in sentences. The text itself is not a live region. */
export function Announcer({ answer }: { readonly answer: Answer | undefined }): ReactNode {
  const [speech, setSpeech] = useState('')
  const progress = useRef({ id: '', said: 0 })
  const isComing = isOpen(answer)
  const speak = useEffectEvent(() => {
    if (answer === undefined) return
    // An answer that was there before is not read out.
    if (progress.current.id !== answer.id) progress.current = { id: answer.id, said: isComing ? 0 : answer.text.length }
    const next = nextSentences(answer.text, progress.current.said, !isComing)
    progress.current.said = next.said
    if (next.speech !== '') setSpeech(next.speech)
  })
  useEffect(() => {
    speak()
    if (!isComing) return
    const timer = setInterval(() => speak(), EVERY_MS)
    return () => clearInterval(timer)
  }, [isComing, answer?.id])
  return (
    <div aria-live="polite" className="sr-only">
      {speech}
    </div>
  )
}
