import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { decodeUtf8 } from '../../src/sse/utf8.ts'
import { utf8 } from './read.ts'

describe('bytes to text', () => {
  test('takes a range, keeps a BOM and replaces what is no UTF-8', () => {
    const bytes = Uint8Array.of(0x78, ...utf8('\uFEFFé'), 0xff, 0x78)
    assert.equal(decodeUtf8(bytes, 1, bytes.length - 1), '\uFEFFé\uFFFD')
  })

  test('does without Buffer, as in a browser, and without a Buffer that is no real one', () => {
    const module = new URL('../../src/sse/utf8.ts', import.meta.url).href
    for (const buffer of [
      'undefined',
      '{}',
      'class extends Uint8Array { utf8Slice() { return "no" } }',
      'class extends Uint8Array { utf8Slice() { throw 1 } }',
    ]) {
      const script = `
        globalThis.Buffer = ${buffer}
        const { decodeUtf8 } = await import(${JSON.stringify(module)})
        console.log(JSON.stringify(decodeUtf8(Uint8Array.of(120, 0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0xff, 120), 1, 7)))`
      const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
      assert.equal(JSON.parse(printed), '\uFEFFé\uFFFD', buffer)
    }
  })
})
