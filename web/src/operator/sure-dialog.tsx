import { useState, type ReactNode } from 'react'
import { Dialog } from '../parts/dialog.tsx'
import { Refusal } from './ask.ts'
import { useOperatorTexts } from './texts/use-texts.ts'

/** Asks whether it is meant, does it, and says why it did not work if it did not. */
export function SureDialog(props: {
  readonly title: string
  readonly question: string
  readonly doIt: string
  readonly dontDoIt: string
  readonly onDo: () => Promise<unknown>
  readonly onClose: () => void
}): ReactNode {
  const { title, question, doIt, dontDoIt, onDo, onClose } = props
  const texts = useOperatorTexts()
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const go = async (): Promise<void> => {
    setBusy(true)
    try {
      await onDo()
      onClose()
    } catch (thrown) {
      setTrouble(thrown instanceof Refusal ? thrown.message : String(thrown))
      setBusy(false)
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="px-5 pb-4 text-quiet [overflow-wrap:anywhere]">{question}</p>
      {trouble !== undefined && (
        <p role="alert" className="px-5 pb-4 text-danger">
          {texts.couldNot(trouble)}
        </p>
      )}
      <footer className="flex justify-end gap-2 px-5 pb-5">
        <button type="button" className="button" onClick={onClose}>
          {dontDoIt}
        </button>
        <button type="button" className="button danger" disabled={isBusy} onClick={() => void go()}>
          {doIt}
        </button>
      </footer>
    </Dialog>
  )
}
