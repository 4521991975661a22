import { useState, type ReactNode } from 'react'
import type { Answer, Chat } from '../../../src/chat/index.ts'
import { Icon } from '../icons.tsx'
import { useTexts } from '../preferences.tsx'
import { readInteractive, type Field, type Interactive } from './interactive.ts'

/** Named events of a service: what it asks the user as buttons and forms, everything else folded away. */
export function Events(props: { readonly chat: Chat; readonly answer: Answer; readonly isLast: boolean }): ReactNode {
  const { chat, answer, isLast } = props
  const texts = useTexts()
  const asked = answer.events
    .map(({ name, data }) => readInteractive(name, data))
    .findLast((each) => each !== undefined)
  const others = answer.events.filter(({ name, data }) => readInteractive(name, data) === undefined)
  return (
    <>
      {others.length > 0 && (
        <details className="folded">
          <summary>
            <Icon name="tool" />
            <span>{texts.events(others.length)}</span>
          </summary>
          <pre tabIndex={0}>{others.map(({ name, data }) => `${name} ${JSON.stringify(data)}`).join('\n')}</pre>
        </details>
      )}
      {asked !== undefined && <Question asked={asked} isOpen={isLast} onAnswer={(text) => void chat.send(text)} />}
    </>
  )
}

interface QuestionProps {
  readonly asked: Interactive
  /** Whether it can still be answered. */
  readonly isOpen: boolean
  readonly onAnswer: (text: string) => void
}

function Question({ asked, isOpen, onAnswer }: QuestionProps): ReactNode {
  const texts = useTexts()
  return (
    <fieldset className="question" disabled={!isOpen}>
      <legend dir="auto">{asked.description === '' ? texts.choose : asked.description}</legend>
      {asked.type === 'select' ? (
        <div className="flex flex-wrap gap-2">
          {asked.options.map((option, at) => (
            <button key={at} type="button" className="button" dir="auto" onClick={() => onAnswer(option)}>
              {option}
            </button>
          ))}
        </div>
      ) : (
        <Form fields={asked.fields} onAnswer={onAnswer} />
      )}
    </fieldset>
  )
}

function Form(props: { readonly fields: readonly Field[]; readonly onAnswer: (text: string) => void }): ReactNode {
  const texts = useTexts()
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const set = (key: string, value: string): void => setValues((before) => ({ ...before, [key]: value }))
  return (
    <form
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault()
        const entries = props.fields.map(({ key, initial }) => [key, values[key] ?? initial])
        // FastGPT takes a form's answer as JSON.
        props.onAnswer(JSON.stringify(Object.fromEntries(entries)))
      }}
    >
      {props.fields.map((field) => (
        <label key={field.key} className="field">
          <span dir="auto">{field.label}</span>
          <Input field={field} value={values[field.key] ?? field.initial} onChange={(value) => set(field.key, value)} />
        </label>
      ))}
      <button type="submit" className="button primary">
        {texts.submit}
      </button>
    </form>
  )
}

function Input(props: {
  readonly field: Field
  readonly value: string
  readonly onChange: (value: string) => void
}): ReactNode {
  const { field, value, onChange } = props
  if (field.options !== undefined) {
    return (
      <select required={field.isRequired} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="" />
        {field.options.map((option, at) => (
          <option key={at}>{option}</option>
        ))}
      </select>
    )
  }
  return (
    <input
      type={field.isNumber ? 'number' : 'text'}
      dir="auto"
      required={field.isRequired}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
