import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react'
import type { Answer } from '../../../src/chat/index.ts'
import { client } from '../conversations.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { usePreferences } from '../preferences.tsx'
import { factsOf, readSnapshot, type Snapshot } from './facts.ts'

const GapChart = lazy(async () => ({ default: (await import('./gap-chart.tsx')).GapChart }))

/** How an answer came about: what the gateway knows of its stream, and what this browser measured. */
export function WhyPanel({ answer, onClose }: { readonly answer: Answer; readonly onClose: () => void }): ReactNode {
  const { texts, language } = usePreferences()
  const snapshot = useSnapshot(answer.streamId)
  const { arrivals } = answer.timings
  return (
    <Dialog title={texts.why} place="side" onClose={onClose}>
      <div className="space-y-6 overflow-y-auto px-5 pb-6">
        <dl className="facts">
          <div>
            <dt>{texts.stream}</dt>
            <dd className="flex items-center gap-1">
              <code className="truncate">{answer.streamId ?? '—'}</code>
              {answer.streamId !== undefined && <CopyButton text={answer.streamId} />}
            </dd>
          </div>
          {factsOf(answer, snapshot === 'gone' ? undefined : snapshot, texts, language).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {arrivals.length > 2 && (
          <section>
            <h3 className="mb-2 text-sm text-quiet">{texts.gaps}</h3>
            <Suspense fallback={<div className="h-[140px]" />}>
              <GapChart arrivals={arrivals} label={texts.gaps} />
            </Suspense>
          </section>
        )}
        {snapshot === 'gone' && <p className="text-sm text-quiet">{texts.gone}</p>}
        {typeof snapshot === 'object' && <Timeline snapshot={snapshot} title={texts.timeline} />}
      </div>
    </Dialog>
  )
}

function Timeline({ snapshot, title }: { readonly snapshot: Snapshot; readonly title: string }): ReactNode {
  if (snapshot.timeline.length === 0) return null
  return (
    <section>
      <h3 className="mb-2 text-sm text-quiet">{title}</h3>
      <ol className="timeline">
        {snapshot.timeline.map((event, at) => (
          <li key={at} data-type={event.type}>
            <span className="tabular-nums">{event.at.toFixed(0)} ms</span>
            <strong>{event.type.replaceAll('_', ' ')}</strong>
            <span className="text-quiet">{event.facts}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** What the gateway tells of the stream; `gone` when it has nothing any more. */
function useSnapshot(id: string | undefined): Snapshot | 'gone' | undefined {
  const [found, setFound] = useState<Snapshot | 'gone'>()
  useEffect(() => {
    if (id === undefined) return
    let isCurrent = true
    client.streams.retrieve(id).then(
      (answer) => isCurrent && setFound(readSnapshot(answer)),
      () => isCurrent && setFound('gone'),
    )
    return () => {
      isCurrent = false
    }
  }, [id])
  return found
}
