import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve as absolute } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What tsc says against a file of the list. */
export interface Complaint {
  readonly file: string
  readonly line: number
  /** `TS2322: Type 'string' …` */
  readonly text: string
}

/**
 * What tsc says against these files, under the project's own options. Their paths are absolute.
 *
 * @param folder For its configuration, anywhere below the project's root.
 * @param options Compiler options that differ.
 */
export async function complaints(
  folder: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<readonly Complaint[]> {
  const config = join(folder, 'tsconfig.json')
  const extended = { extends: join(root, 'tsconfig.json'), compilerOptions: options, files, include: [] }
  await writeFile(config, JSON.stringify(extended))
  const said = await new Promise<string>((resolve) => {
    const [tsc, args] = [join(root, 'node_modules/.bin/tsc'), ['-p', config, '--pretty', 'false']]
    execFile(tsc, args, { cwd: root, maxBuffer: 1e8 }, (_error, stdout) => resolve(stdout))
  })
  return [...said.matchAll(/^(.+?)\((\d+),\d+\): error (.*)$/gm)]
    .map(([, file = '', line, text = '']) => ({ file: absolute(root, file), line: Number(line), text }))
    .filter(({ file }) => files.includes(file))
}
