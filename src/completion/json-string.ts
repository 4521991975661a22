const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Reads one JSON string after its opening quote, as it arrives. */
export class JsonString {
  #text = ''
  /** Of `#text`. Not read from there: looking into a text that grows makes V8 copy it. */
  #lastUnit = 0
  /** A backslash and what followed it so far. */
  #escape = ''
  #state: 'open' | 'closed' | 'invalid' = 'open'

  get state(): 'open' | 'closed' | 'invalid' {
    return this.#state
  }

  /** All of it so far, but for an escape or a surrogate pair that is not whole yet. */
  get text(): string {
    const isHalf = this.#state === 'open' && this.#text !== '' && this.#lastUnit >= 0xd800 && this.#lastUnit <= 0xdbff
    return isHalf ? this.#text.slice(0, -1) : this.#text
  }

  /** Takes more, from `from` on; returns where it stopped: after the closing quote, or at what cannot be. */
  push(piece: string, from: number): number {
    let at = from
    while (at < piece.length && this.#state === 'open') {
      at = this.#escape === '' ? this.#plain(piece, at) : this.#escaped(piece, at)
    }
    return at
  }

  #plain(piece: string, from: number): number {
    let at = from
    let code = piece.charCodeAt(at)
    while (at < piece.length && code !== 0x22 && code !== 0x5c && code >= 0x20) code = piece.charCodeAt(++at)
    if (at > from) this.#append(piece.slice(from, at))
    if (at === piece.length) return at
    if (code === 0x5c) this.#escape = '\\'
    else if (code === 0x22) this.#state = 'closed'
    else return this.#fail(at)
    return at + 1
  }

  #escaped(piece: string, at: number): number {
    this.#escape += piece[at] ?? ''
    const kind = this.#escape[1] ?? ''
    if (kind === 'u') {
      const digits = this.#escape.slice(2)
      if (!/^[0-9a-f]*$/i.test(digits)) return this.#fail(at)
      if (digits.length < 4) return at + 1
      this.#append(String.fromCharCode(Number.parseInt(digits, 16)))
    } else {
      const meant = ESCAPES[kind]
      if (meant === undefined) return this.#fail(at)
      this.#append(meant)
    }
    this.#escape = ''
    return at + 1
  }

  #append(text: string): void {
    this.#text += text
    this.#lastUnit = text.charCodeAt(text.length - 1)
  }

  #fail(at: number): number {
    this.#state = 'invalid'
    return at
  }
}
