import { readFileSync } from 'node:fs'

/** What a recorded stream must give, as its manifest says. */
export interface Expected {
  readonly choices: readonly {
    readonly index: number
    readonly content: string
    readonly reasoning: string | null
    readonly tool_calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
    readonly finish_reason: string
  }[]
  readonly usage: Readonly<Record<string, unknown>> | null
}

/** One recorded stream of a provider. */
export interface Recorded {
  readonly name: string
  readonly kind: string
  readonly expected: Expected
  readonly bytes: Buffer
  /** The `data` of every event, in order, `[DONE]` included. */
  readonly data: readonly string[]
}

const FOLDER = new URL('../fixtures/provider-streams/', import.meta.url)

/** The folder of the recorded streams. */
export const recordedFolder: string = FOLDER.pathname

interface ManifestRow {
  readonly file: string
  readonly kind: string
  readonly expected: Expected
}

/** The recorded streams of test/fixtures/provider-streams. */
export function recordedStreams(): readonly Recorded[] {
  const manifest: readonly ManifestRow[] = JSON.parse(readFileSync(new URL('manifest.json', FOLDER), 'utf8'))
  return manifest.map(({ file, kind, expected }) => {
    const bytes = readFileSync(new URL(file, FOLDER))
    // Every one of these files has single-line data and LF line ends, so lines are all there is to it.
    const data = bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => line.slice(6))
    return { name: file.replace(/\.sse$/, ''), kind, expected, bytes, data }
  })
}
