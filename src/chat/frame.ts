/** Calls `run` once, at the next moment at which showing something makes sense. */
export type Frame = (run: () => void) => void

/** In a page that is not shown there are no frames. */
const HIDDEN_MS = 250

/** The next frame of the page; without a page, or when it is hidden, a moment later. */
export const nextFrame: Frame = (run) => {
  let isDone = false
  const once = (): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    run()
  }
  const hasFrames = typeof requestAnimationFrame === 'function'
  const timer = setTimeout(once, hasFrames ? HIDDEN_MS : 16)
  if (hasFrames) requestAnimationFrame(once)
}
