import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Random } from '../random.ts'
import { request } from '../socket.ts'
import type { Connect } from './gather.ts'
import { errorEnvelope } from './producer.ts'
import type { Story } from './story.ts'

/** A provider that tells stories: the model's name says which. */
export interface StoryTeller extends AsyncDisposable {
  /** Its base URL. */
  readonly url: string
  /** Has it ready under this model name. */
  prepare(model: string, story: Story, random: Random): void
}

/** Starts a provider that sends each story's chunks in writes of random size at random moments. */
export async function startStoryTeller(): Promise<StoryTeller> {
  const ready = new Map<string, { readonly story: Story; readonly random: Random; told: boolean }>()
  const server = createServer((incoming, response) => void answer(incoming, response))
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part)
    const body: { readonly model?: string } = JSON.parse(Buffer.concat(parts).toString())
    const prepared = ready.get(body.model ?? '')
    if (prepared === undefined || prepared.told) {
      // Asked to go on with a story that it broke off: it cannot.
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: 'This story is over', type: 'invalid_request_error' } }))
      return
    }
    prepared.told = true
    await tell(prepared.story, prepared.random, response)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = listening(server.address())
  return {
    url: `http://127.0.0.1:${port}/v1`,
    prepare: (model, story, random) => void ready.set(model, { story, random, told: false }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function tell(story: Story, random: Random, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const last = story.status === 'failed' ? JSON.stringify({ error: errorEnvelope('failed') }) : '[DONE]'
  const said = story.entries.slice(0, -1).map(({ data }) => data)
  // What will be cancelled is left hanging: who cancels waits until all of it has arrived.
  if (story.status !== 'cancelled') said.push(last)
  const bytes = Buffer.from(said.map((data) => `data: ${data}\n\n`).join(''))
  for (let at = 0; at < bytes.length && !response.destroyed;) {
    const size = random.magnitude(1, 16_384)
    response.write(bytes.subarray(at, at + size))
    at += size
    await setTimeout(random.chance(0.4) ? 0 : random.magnitude(1, 12))
  }
  if (story.status !== 'cancelled') response.end()
}

function listening(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the server has no address')
  return address
}

/** Readers over sockets. They leave by FIN or RST, whatever is on its way. */
export function connectOverSockets(url: string, id: string, random: Random): Connect {
  return ({ after, inQuery, full }) => {
    const query = [...(full ? ['replay=full'] : []), ...(after !== undefined && inQuery ? [`after=${after}`] : [])]
    const headers = after !== undefined && !inQuery ? { 'last-event-id': after } : {}
    return request(`${url}/streams/${id}?${query.join('&')}`, { headers, random })
  }
}
