import { useEffect, useRef, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { IconButton } from './icon-button.tsx'

/** A native modal dialog: focus, Esc and the world behind it are the browser's business. */
export function Dialog(props: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  /** `side`: along the end of the window; `top`: a palette, without a title to see. */
  readonly place?: 'middle' | 'side' | 'top'
}): ReactNode {
  const { title, onClose, children, place = 'middle' } = props
  const texts = useTexts()
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    if (dialog !== null && !dialog.open) dialog.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={ref}
      data-place={place}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      {place !== 'top' && (
        <header className="flex items-center justify-between gap-4 px-5 pt-4 pb-2">
          <h2 className="text-base font-semibold">{title}</h2>
          <IconButton icon="close" label={texts.close} onClick={onClose} />
        </header>
      )}
      {children}
    </dialog>
  )
}
