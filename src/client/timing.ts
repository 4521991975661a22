/** Something that has events, as much of it as is used here. */
interface Listenable {
  addEventListener(type: string, listener: () => void): void
  removeEventListener(type: string, listener: () => void): void
}

/**
 * Calls `wake` when a page is shown again or the device is online again; does nothing outside of pages.
 * The result stops that and leaves no listener behind.
 */
export function onWake(wake: () => void): () => void {
  const page: unknown = Reflect.get(globalThis, 'document')
  const targets: readonly (readonly [unknown, string])[] = [
    [page, 'visibilitychange'],
    [globalThis, 'pageshow'],
    [globalThis, 'online'],
  ]
  const listen = (): void => {
    // It fires when the page is hidden, too.
    if (isListenable(page) && Reflect.get(page, 'visibilityState') === 'hidden') return
    wake()
  }
  for (const [target, type] of targets) if (isListenable(target)) target.addEventListener(type, listen)
  return () => {
    for (const [target, type] of targets) if (isListenable(target)) target.removeEventListener(type, listen)
  }
}

/** Whether the browser says that there is no network: no attempt can succeed until it says otherwise. */
export function isOffline(): boolean {
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  return typeof navigator === 'object' && navigator !== null && Reflect.get(navigator, 'onLine') === false
}

function isListenable(target: unknown): target is Listenable {
  return typeof target === 'object' && target !== null && typeof Reflect.get(target, 'addEventListener') === 'function'
}
