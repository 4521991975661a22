import { useState, type ReactNode } from 'react'
import type { Model } from '../../src/client/index.ts'
import { Dialog } from './parts/dialog.tsx'
import { useTexts } from './preferences.tsx'

/** Says that nobody thinks here, when the only provider is the simulator, and what to do about it. */
export function SimulatorBanner({ models }: { readonly models: readonly Model[] | 'failed' | undefined }): ReactNode {
  const texts = useTexts()
  const [isOpen, setOpen] = useState(false)
  if (!isSimulated(models)) return null
  return (
    <div className="banner" role="note">
      <span>{texts.simulated}</span>{' '}
      <button type="button" className="link" onClick={() => setOpen(true)}>
        {texts.connect}
      </button>
      {isOpen && (
        <Dialog title={texts.connect} onClose={() => setOpen(false)}>
          <div className="space-y-3 px-5 pb-6">
            <p>{texts.connectHow}</p>
            <pre className="shell" tabIndex={0} dir="ltr">
              {'export OPENAI_API_KEY=sk-…\nnpm start'}
            </pre>
            <p className="text-quiet">{texts.connectMore}</p>
          </div>
        </Dialog>
      )}
    </div>
  )
}

/** Whether every model is the simulator's. */
export function isSimulated(models: readonly Model[] | 'failed' | undefined): boolean {
  return Array.isArray(models) && models.length > 0 && models.every(({ owned_by }) => owned_by === 'simulator')
}
