import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Official from 'openai'
import { OpenAI } from '../../src/client/index.ts'
import { recordedStreams } from '../support/recorded.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'

/** Either client: what they share is what this file is about. */
type AnyClient = Pick<Official, 'chat' | 'models' | 'embeddings'>

/** The same program with both clients against the same server; gives what each made of it. */
async function withBoth<T>(serve: Answer, program: (client: AnyClient) => Promise<T>): Promise<readonly [T, T]> {
  const results: T[] = []
  for (const which of ['official', 'ours'] as const) {
    await using provider = await startProvider(serve)
    const options = { baseURL: provider.baseURL, apiKey: 'k', maxRetries: 0 }
    // Ours is a drop-in: that a program written for the official types runs is the point, and types.ts has the rest.
    const client = which === 'official' ? new Official(options) : (new OpenAI(options) as unknown as AnyClient)
    results.push(await program(client))
  }
  const [official, ours] = results
  assert.ok(official !== undefined && ours !== undefined)
  return [official, ours]
}

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }]

async function chunksOf(client: AnyClient): Promise<readonly object[]> {
  const chunks: object[] = []
  for await (const each of await client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true })) {
    chunks.push(structuredClone(each))
  }
  return chunks
}

async function failureOf(work: () => Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof Error)
    const { status, code, param, type, requestID, error: body } = error as Error & Record<string, unknown>
    return { class: error.constructor.name, message: error.message, status, code, param, type, requestID, body }
  }
  return { class: 'none' }
}

describe('the same program with `openai` and with `sluice`', () => {
  for (const { name, bytes, kind } of recordedStreams()) {
    if (kind === 'text_completion') continue
    test(`reads the same chunks: ${name}`, async () => {
      const [official, ours] = await withBoth((response) => void response.writeHead(200, EVENTS).end(bytes), chunksOf)
      assert.equal(ours.length, official.length)
      for (const [i, each] of official.entries()) {
        // Where a provider deviates from OpenAI's types, ours are repaired; fields that were there stay.
        for (const field of ['id', 'model', 'created', 'usage', 'system_fingerprint']) {
          assert.deepEqual(Reflect.get(ours[i] ?? {}, field), Reflect.get(each, field), `${field} of chunk ${i}`)
        }
      }
      if (name.startsWith('openai')) assert.deepEqual(ours, official)
    })
  }

  for (const status of [400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 503]) {
    test(`throws the same error for status ${status}`, async () => {
      const body = JSON.stringify({ error: { message: 'No.', type: 'some_error', code: 'some_code', param: 'model' } })
      const serve: Answer = (response) =>
        void response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1' }).end(body)
      const [official, ours] = await withBoth(serve, (client) => failureOf(() => chunksOf(client)))
      assert.deepEqual(ours, official)
      assert.notEqual(ours['class'], 'none')
    })
  }

  for (const [what, body] of Object.entries({
    'no body': '',
    words: 'Service Unavailable',
    HTML: '<html>oops</html>',
    'an error without a message': '{"error":{"code":5}}',
    'an error that is a string': '{"error":"broken"}',
    'an object of another shape': '{"detail":"Not found"}',
  })) {
    test(`throws the same error for a refusal with ${what}`, async () => {
      const serve: Answer = (response) => void response.writeHead(404).end(body)
      const [official, ours] = await withBoth(serve, (client) => failureOf(() => chunksOf(client)))
      // Ours gives a number as text: it is compared with texts.
      assert.deepEqual({ ...ours, code: undefined }, { ...official, code: undefined })
    })
  }

  test('throws the same error for an error in the middle of a stream', async () => {
    const error = '{"error":{"message":"The server had an error","type":"server_error","code":null,"param":null}}'
    const serve: Answer = (response) => void response.writeHead(200, EVENTS).end(sse(chunk({ content: 'a' }), error))
    const [official, ours] = await withBoth(serve, (client) => failureOf(() => chunksOf(client)))
    assert.deepEqual(ours, official)
    assert.equal(ours['class'], 'APIError')
  })

  test('throws the same error when nobody listens', async () => {
    const program = async (Client: typeof Official | typeof OpenAI): Promise<Record<string, unknown>> => {
      const client = new Client({ baseURL: 'http://127.0.0.1:9/v1', apiKey: 'k', maxRetries: 0 })
      return failureOf(async () => client.models.list())
    }
    assert.deepEqual(await program(OpenAI), await program(Official))
  })

  test('throws the same error when the caller aborts before the answer', async () => {
    const [official, ours] = await withBoth(
      () => undefined,
      (client) => {
        const controller = new AbortController()
        setTimeout(() => controller.abort(), 20)
        return failureOf(async () =>
          client.chat.completions.create({ model: 'm', messages: MESSAGES }, { signal: controller.signal }),
        )
      },
    )
    assert.deepEqual(ours, official)
    assert.equal(ours['class'], 'APIUserAbortError')
  })

  test('throws the same error when the head does not come in time', async () => {
    const [official, ours] = await withBoth(
      () => undefined,
      (client) =>
        failureOf(async () => client.chat.completions.create({ model: 'm', messages: MESSAGES }, { timeout: 30 })),
    )
    assert.deepEqual(ours, official)
    assert.equal(ours['class'], 'APIConnectionTimeoutError')
  })

  test('ends the loop without an error when the caller aborts in the middle', async () => {
    const serve: Answer = (response) => void response.writeHead(200, EVENTS).write(sse(chunk({ content: 'a' })))
    const program = async (client: AnyClient): Promise<number> => {
      const stream = await client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true })
      let count = 0
      for await (const _ of stream) {
        count++
        stream.controller.abort()
      }
      return count
    }
    assert.deepEqual(await withBoth(serve, program), [1, 1])
  })

  test('refuses a second reading in the same words', async () => {
    const serve: Answer = (response) => void response.writeHead(200, EVENTS).end(answer('a'))
    const program = async (client: AnyClient): Promise<Record<string, unknown>> => {
      const stream = await client.chat.completions.create({ model: 'm', messages: MESSAGES, stream: true })
      for await (const _ of stream);
      return failureOf(async () => {
        for await (const _ of stream);
      })
    }
    const [official, ours] = await withBoth(serve, program)
    assert.deepEqual(ours, official)
    assert.match(String(ours['message']), /tee/)
  })

  test('gives the same whole answer, list of models and embeddings, with the request id', async () => {
    const completion = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi', refusal: null },
          finish_reason: 'stop',
          logprobs: null,
        },
      ],
    }
    const bodies: Readonly<Record<string, object>> = {
      '/v1/chat/completions': completion,
      '/v1/models': { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'x' }] },
      '/v1/embeddings': {
        object: 'list',
        model: 'e',
        data: [{ object: 'embedding', index: 0, embedding: [0.5, 1] }],
        usage: { prompt_tokens: 1, total_tokens: 1 },
      },
    }
    const serve: Answer = (response, { url }) => {
      response
        .writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_7' })
        .end(JSON.stringify(bodies[url]))
    }
    const [official, ours] = await withBoth(serve, async (client) => {
      const { data, request_id: requestId } = await client.chat.completions
        .create({ model: 'm', messages: MESSAGES })
        .withResponse()
      const models: object[] = []
      for await (const model of await client.models.list()) models.push(model)
      for await (const model of client.models.list()) models.push(model)
      const embeddings = await client.embeddings.create({ model: 'e', input: 'x', encoding_format: 'float' })
      return {
        completion: structuredClone(data),
        inner: Reflect.get(data, '_request_id'),
        requestId,
        models,
        embeddings: structuredClone(embeddings),
      }
    })
    assert.deepEqual(ours, official)
    assert.equal(ours.inner, 'req_7')
  })

  test('sends the same request: path, body, authorisation, retry count, organisation, project', async () => {
    const seen: (readonly [string, unknown])[][] = []
    for (const which of ['official', 'ours'] as const) {
      await using provider = await startProvider((response) => void response.writeHead(200, EVENTS).end(answer('a')))
      const options = {
        baseURL: `${provider.baseURL}/`,
        apiKey: 'k',
        organization: 'o',
        project: 'p',
        defaultQuery: { v: '1' },
        defaultHeaders: { 'X-Own': 'y' },
      }
      const client: AnyClient =
        which === 'official' ? new Official(options) : (new OpenAI(options) as unknown as AnyClient)
      for await (const _ of await client.chat.completions.create(
        { model: 'm', messages: MESSAGES, stream: true },
        { headers: { 'X-Call': 'z' } },
      ));
      const { method, url, body, headers } = provider.requests[0] ?? assert.fail('no request')
      const names = [
        'authorization',
        'content-type',
        'openai-organization',
        'openai-project',
        'x-stainless-retry-count',
        'x-own',
        'x-call',
      ]
      seen.push([
        ['line', `${method} ${url}`],
        ['body', JSON.parse(body)],
        ...names.map((name) => [name, headers[name]] as const),
      ])
    }
    assert.deepEqual(seen[1], seen[0])
  })
})
