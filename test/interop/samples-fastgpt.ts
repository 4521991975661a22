import assert from 'node:assert/strict'
import { said } from './houses.ts'
import type { PythonSample } from './python-samples.ts'
import type { Change } from './seeds.ts'

const SEED = '4-fastgpt'

/** The samples of seed 4, at a gateway's address without a path. */
export function fastgptSamples(origin: string): readonly PythonSample[] {
  const environment = `
import os
os.environ["API_KEY"] = "fastgpt-xxxxx"
os.environ["BASE_URL"] = "${origin}/api"
`
  const url: Change = {
    from: '(api_key="fastgpt-xxxxx")',
    to: `(api_key="fastgpt-xxxxx", base_url="${origin}")`,
    why: 'URL',
  }
  return [
    {
      seed: SEED,
      heading: 'Basic Streaming',
      first: 'import json',
      until: 'Complete Streaming Example',
      depths: '0001221112334455561',
      changes: [url],
      check: (out) => assert.equal(out, `Story: ${said('Tell me a short story')}\n`),
    },
    {
      seed: SEED,
      heading: 'Complete Streaming Example',
      first: '"""Streaming chat completion example."""',
      until: 'Async Streaming',
      depths: '00000000011233222344556667201123322223445566677201123322223445566677788822320121212121212',
      given: environment,
      changes: [],
      check: (out) => {
        const quantum = said('Explain quantum computing')
        const story = `\n=== Streaming Response ===\n\n${said('Tell me a short story about AI')}\n\n`
        assert.ok(out.startsWith(`${story}\n=== Streaming with Progress ===\n\n${quantum}\n\nTotal tokens: `), out)
        const [, tokens = '', rest = ''] = /Total tokens: (\d+)\n([^]*)$/.exec(out) ?? []
        assert.ok(Number(tokens) > 10 && Number(tokens) <= quantum.length, tokens)
        assert.equal(rest, `\n=== Buffered Streaming ===\n\n${said('What is machine learning?')}\n\n`)
      },
    },
    {
      seed: SEED,
      heading: 'Async Streaming',
      first: 'import asyncio',
      until: 'Streaming Event Types',
      depths: '000011233223445566670',
      changes: [url],
      check: (out) => assert.equal(out, said('Tell me about async/await')),
    },
    {
      seed: SEED,
      heading: 'Best Practices',
      first: 'import time',
      until: 'See Also',
      depths: '0011234433456677788895612',
      given: `${environment}
import json
from fastgpt_client import ChatClient
API_KEY = os.getenv("API_KEY")
`,
      changes: [{ from: '(api_key=API_KEY)', to: `(api_key=API_KEY, base_url="${origin}")`, why: 'URL' }],
      afterwards: 'robust_stream()',
      check: (out) => assert.equal(out, said('Hello')),
    },
  ]
}
