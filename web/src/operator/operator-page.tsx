import { memo, useEffect, useState, type ReactNode } from 'react'
import { usePreferences, useTexts } from '../preferences.tsx'
import { ask, useHeard, type Heard } from './ask.ts'
import { Charts } from './charts.tsx'
import { EndedStreams } from './ended-streams.tsx'
import { useFormat } from './format.ts'
import { Header } from './header.tsx'
import { Keys } from './keys.tsx'
import { OpenStreams, useRates } from './open-streams.tsx'
import { Breakers, Limits, Providers } from './providers.tsx'
import { StreamDialog } from './stream-dialog.tsx'
import { SureDialog } from './sure-dialog.tsx'
import { useOperatorTexts } from './texts/use-texts.ts'
import { Tiles } from './tiles.tsx'
import { readOverview, type Overview } from './wire.ts'
import { readHistory } from './wire-history.ts'
import { readKeys } from './wire-keys.ts'

// What changes each second must not have the rest drawn anew.
const CalmCharts = memo(Charts)
const CalmEnded = memo(EndedStreams)

/** What is going on, in the order in which one asks. */
export function OperatorPage(): ReactNode {
  const texts = useOperatorTexts()
  const { language } = usePreferences()
  const heard = useHeard('/admin/v1/overview', readOverview, 1_000)
  const { data: history } = useHeard('/admin/v1/history?range=hour', readHistory, 5_000)
  const { data: keys, refresh } = useHeard('/admin/v1/keys', readKeys, 5_000)
  const rates = useRates(heard.data)
  const [shown, show] = useState<string>()
  const [cancelling, cancel] = useState<string>()
  useEffect(() => {
    document.title = `${texts.title} · Sluice`
  }, [texts, language])
  const overview = heard.data
  return (
    <div className="operator">
      <Header heard={heard} />
      <main>
        <h1 className="sr-only">{texts.title}</h1>
        <Notices heard={heard} />
        {overview !== undefined && (
          <>
            <Tiles overview={overview} rates={rates} history={history} />
            <Section id="open" title={texts.open}>
              <OpenStreams overview={overview} rates={rates} keys={keys} onShow={show} onCancel={cancel} />
            </Section>
            <Section id="ended" title={texts.ended}>
              <CalmEnded keys={keys} onShow={show} />
            </Section>
            <Section id="charts" title={texts.charts}>
              <CalmCharts keys={keys} />
            </Section>
            <Section id="providers" title={`${texts.providers} · ${texts.lastHour}`}>
              <Providers providers={history?.providers ?? []} />
              <h3>{texts.breakers}</h3>
              <Breakers breakers={overview.breakers} />
            </Section>
            <Section id="limits" title={texts.limits}>
              <Limits limits={overview.limits} keys={keys} />
            </Section>
          </>
        )}
        {keys !== undefined && (
          <Section id="keys" title={texts.keys}>
            <Keys keys={keys} onChange={refresh} />
          </Section>
        )}
      </main>
      {shown !== undefined && <StreamDialog id={shown} keys={keys} onClose={() => show(undefined)} />}
      {cancelling !== undefined && (
        <CancelDialog id={cancelling} onDone={heard.refresh} onClose={() => cancel(undefined)} />
      )}
    </div>
  )
}

function CancelDialog(props: {
  readonly id: string
  readonly onDone: () => void
  readonly onClose: () => void
}): ReactNode {
  const { id, onDone, onClose } = props
  const texts = useOperatorTexts()
  return (
    <SureDialog
      title={texts.cancelIt}
      question={texts.cancelAsk(id)}
      doIt={texts.cancelIt}
      dontDoIt={texts.keep}
      onDo={() => ask(`/admin/v1/streams/${encodeURIComponent(id)}/cancel`, {}).then(onDone)}
      onClose={onClose}
    />
  )
}

function Section(props: { readonly id: string; readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <section id={props.id} aria-labelledby={`${props.id}-title`}>
      <h2 id={`${props.id}-title`}>{props.title}</h2>
      {props.children}
    </section>
  )
}

/** What is wrong with the gateway, or with this page's way to it. */
function Notices({ heard }: { readonly heard: Heard<Overview> }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  const { data, refusal } = heard
  const notices: ReactNode[] = []
  if (refusal?.status === 401 || refusal?.status === 403)
    notices.push(
      <>
        {refusal.status === 401 ? chat.sessionOver : refusal.message}{' '}
        <button type="button" className="link" onClick={() => location.reload()}>
          {chat.signIn}
        </button>
      </>,
    )
  else if (refusal?.status === 404) notices.push(texts.elsewhere)
  else if (refusal !== undefined) notices.push(refusal.message === '' ? chat.unreachable : refusal.message)
  if (data?.draining === true) notices.push(texts.draining)
  if (data?.degraded !== undefined) notices.push(texts.degraded(data.degraded))
  if (data?.configFailed !== undefined) notices.push(texts.configFailed(format.clock(data.configFailed)))
  return notices.map((notice, i) => (
    <p key={i} role="alert" className="notice">
      {notice}
    </p>
  ))
}
