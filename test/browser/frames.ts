/** A stream's bytes without a gateway, where only what the page makes of them is looked at. */
export function frames(choices: readonly object[]): string {
  return `${choices.map((choice) => `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, finish_reason: null, ...choice }] })}\n\n`).join('')}data: [DONE]\n\n`
}

/** The same, of a text in small pieces. */
export function textFrames(text: string): string {
  const pieces = text.match(/[^]{1,7}/gu) ?? []
  return frames([...pieces.map((content) => ({ delta: { content } })), { delta: {}, finish_reason: 'stop' }])
}
