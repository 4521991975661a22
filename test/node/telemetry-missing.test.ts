import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { startTracing } from '../../src/node/telemetry.ts'

test('a process that is to send traces and has no SDK says how to have it, once, and goes on', async () => {
  registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith('@opentelemetry/sdk')) return next(specifier, context)
      throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: 'ERR_MODULE_NOT_FOUND' })
    },
  })
  const lines: string[] = []
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:secret@collector:4318/x' }
  assert.equal(await startTracing(env, (line) => lines.push(line)), undefined)
  assert.equal(lines.length, 1)
  assert.match(
    lines[0] ?? '',
    /^traces are not sent to http:\/\/collector:4318: npm install @opentelemetry\/sdk-trace-node /,
  )
})
