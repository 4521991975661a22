import { useEffect, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import Markdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { countUpdate, expose, place } from './ui-page.ts'

const PLUGINS = [remarkGfm]

let ready = Promise.withResolvers<void>()
let add = (_text: string): void => undefined
let pushed = 0
let rendered = 0
let asked = 0

/** What one writes first: the text in a state, and the whole of it rendered each time. */
function View(): ReactNode {
  const [text, setText] = useState('')
  useEffect(() => {
    add = (more) => setText((before) => before + more)
    ready.resolve()
  }, [])
  useEffect(() => {
    rendered = text.length
  }, [text])
  countUpdate()
  return <Markdown remarkPlugins={PLUGINS}>{text}</Markdown>
}

const root = createRoot(place())

expose({
  async start() {
    ready = Promise.withResolvers()
    pushed = 0
    rendered = 0
    root.render(<View key={++asked} />)
    await ready.promise
  },
  push(text) {
    pushed += text.length
    add(text)
  },
  end: () => undefined,
  get isDone() {
    return rendered === pushed
  },
})
