import assert from 'node:assert/strict'
import { said } from './houses.ts'
import type { PythonSample } from './python-samples.ts'
import { changed, sampleAt, type Change, type Place } from './seeds.ts'

const SEED = '2-holysheep'

const CLIENT: Place = {
  seed: SEED,
  heading: 'Cấu Hình Client Với HolySheep AI',
  first: 'import os',
  until: 'Wrapper Class Cho Reusability',
  depths: '0000111100111222121123333333223412',
}
const WRAPPER: Place = {
  seed: SEED,
  heading: 'Wrapper Class Cho Reusability',
  first: 'from typing import Generator, Optional, Dict, Any, Iterator',
  until: 'Xử Lý Streaming Trong Ứng Dụng Thực Tế',
  depths: '00000000011111111001111111101123333222122212223232222223444444444334455554454445233233344444443',
}
const SERVER: Place = {
  seed: SEED,
  heading: 'FastAPI Integration',
  first: 'from fastapi import FastAPI, HTTPException',
  until: 'Frontend Integration Với JavaScript',
  depths: '0000000001111011222111123321001123334443212',
}
const MANAGER: Place = {
  seed: SEED,
  heading: 'Semaphore-Based Concurrency Control',
  first: 'import asyncio',
  until: 'Tối Ưu Hóa Chi Phí Với Smart Caching',
  depths: '00000112222212233333334333433331222343201122212222122333444455443412221223322',
}

const lostHash = (line: string): Change => ({
  from: line,
  to: `# ${line}`,
  why: 'a comment whose # the recording lost',
})

/** The samples of seed 2, at a gateway's `/v1`. */
export function holysheepSamples(base: string): readonly PythonSample[] {
  const url: Change = { from: 'https://api.holysheep.ai/v1', to: base, why: 'URL' }
  const wrapperChanges: readonly Change[] = [
    url,
    {
      from: '        completion_tokens = 0\n        try:',
      to: '        completion_tokens = 0\n        finish_reason = None\n        try:',
      why: 'trap 13: the usage chunk erases the finish_reason, which is set to None for every chunk',
    },
    { from: '                finish_reason = None\n', to: '', why: 'trap 13, the other half' },
  ]
  const wrapper = `from openai import OpenAI\n${changed(sampleAt(WRAPPER), wrapperChanges)}`
  const story = [{ role: 'user', content: 'Tell me a story' }]
  return [
    {
      ...CLIENT,
      changes: [url, lostHash('Cấu hình client với HolySheep AI')],
      afterwards: `print("".join(stream_chat_completion("gpt-4o", ${JSON.stringify(story)})))`,
      check: (out) => assert.equal(out, `${said('Tell me a story', { max_tokens: 2_048 })}\n`),
    },
    {
      ...WRAPPER,
      given: 'from openai import OpenAI\n',
      changes: wrapperChanges,
      afterwards: `
import dataclasses, json
def drive(generator):
    while True:
        try:
            print(next(generator), end="")
        except StopIteration as end:
            return end.value
print("\\n" + json.dumps(dataclasses.asdict(drive(StreamingClient("none").stream_generate(${JSON.stringify(story)})))))
`,
      check: (out) => {
        const text = said('Tell me a story', { max_tokens: 4_096 })
        assert.ok(out.startsWith(`${text}\n`))
        const { latency_ms: latency, ...result } = JSON.parse(out.slice(text.length + 1))
        const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = result
        assert.ok(latency > 0 && input > 0 && output > 10 && total >= input + output - 1, out.slice(text.length))
        assert.deepEqual([result.content, result.model, result.finish_reason], [text, 'gpt-4o', 'stop'])
      },
    },
    {
      ...SERVER,
      given: wrapper,
      changes: [
        lostHash('Initialize client'),
        {
          from: '    generate_stream(request)',
          to: '    await generate_stream(request)',
          why: 'a coroutine is no iterator: as it stands, every request fails',
        },
        {
          from: 'yield f"data: {chunk}\\n\\n"',
          to: 'yield "".join(f"data: {line}\\n" for line in chunk.split("\\n")) + "\\n"',
          why: 'trap 8: a line feed in a token ends the event',
        },
      ],
      afterwards: `
from fastapi.testclient import TestClient
response = TestClient(app).post("/chat/stream", json={"messages": ${JSON.stringify(story)}})
print(response.headers["content-type"], response.text, sep="\\n", end="")
`,
      check: (out) => {
        const [type, ...lines] = out.split('\n')
        assert.equal(type, 'text/event-stream; charset=utf-8')
        const events = lines
          .join('\n')
          .split('\n\n')
          .filter((event) => event !== '')
        const data = events.map((event) =>
          event
            .split('\n')
            .map((line) => line.slice('data: '.length))
            .join('\n'),
        )
        assert.equal(data.pop(), '[DONE]')
        assert.equal(data.join(''), said('Tell me a story', { max_tokens: 4_096 }))
      },
    },
    {
      ...MANAGER,
      given: wrapper,
      changes: [],
      afterwards: `
import json
async def main():
    manager = AsyncStreamingManager(max_concurrent=2)
    config = StreamConfig(max_tokens=40)
    asked = [([{"role": "user", "content": question}], config) for question in ("One", "Two", "Three")]
    return await manager.batch_stream(StreamingClient("none"), asked), manager.active_requests
results, active = asyncio.run(main())
limiter = RateLimiter(requests_per_minute=2)
print(json.dumps({"texts": ["".join(result) for result in results], "active": active,
                  "admitted": [limiter.acquire() for _ in range(3)]}))
`,
      check: (out) => {
        const texts = ['One', 'Two', 'Three'].map((question) => said(question, { max_tokens: 40 }))
        assert.deepEqual(JSON.parse(out), { texts, active: 0, admitted: [true, true, false] })
      },
    },
  ]
}
