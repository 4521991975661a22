/**
 * The address of a link in a model's answer, if it may be one: http, https and mailto with a place to go
 * to. Everything else (`javascript:`, `data:`, paths within this page) is shown as text.
 */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href)
    const isWeb = (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === ''
    return isWeb || url.protocol === 'mailto:' ? url.href : undefined
  } catch {
    return undefined
  }
}
