import type { Chat, Message } from '../../src/chat/index.ts'

/** Hands the conversation over as a file: what is shown as Markdown, everything as JSON. */
export function exportAs(kind: 'markdown' | 'json', chat: Chat): void {
  const { title, messages } = chat.getSnapshot()
  const text = kind === 'json' ? JSON.stringify(chat.export(), null, 2) : toMarkdown(title, messages)
  const type = kind === 'json' ? 'application/json' : 'text/markdown'
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${fileName(title)}.${kind === 'json' ? 'json' : 'md'}`
  link.click()
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** What is shown, as Markdown. */
export function toMarkdown(title: string, messages: readonly Message[]): string {
  const turns = messages.map((message) =>
    message.role === 'user' ? quoted(message.text) : `${message.text}\n\n*${message.settings.model}*`,
  )
  return `# ${title}\n\n${turns.join('\n\n')}\n`
}

function quoted(text: string): string {
  return text.replace(/^/gm, '> ')
}

function fileName(title: string): string {
  const name = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '')
  return name === '' ? 'conversation' : name.slice(0, 60)
}
