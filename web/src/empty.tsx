import type { ReactNode } from 'react'
import { useTexts } from './preferences.tsx'

/** Before the first message. */
export function Empty({ onAsk }: { readonly onAsk: (text: string) => void }): ReactNode {
  const texts = useTexts()
  return (
    <section className="flex min-h-0 flex-1 flex-col items-center justify-center overflow-y-auto px-4 text-center">
      <h1 className="text-2xl font-semibold tracking-tight text-balance sm:text-3xl">{texts.emptyTitle}</h1>
      <p className="mt-3 max-w-lg text-pretty text-quiet">{texts.emptyHint}</p>
      <ul className="mt-8 flex w-full max-w-md flex-col gap-2">
        {texts.examples().map((example) => (
          <li key={example}>
            <button type="button" className="example" onClick={() => onAsk(example)}>
              {example}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
