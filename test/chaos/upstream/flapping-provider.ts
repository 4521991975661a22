import { createServer, type ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/** A provider that is well or ill as it is told, and knows how many ask it at a time. */
export interface FlappingProvider extends AsyncDisposable {
  /** Its base URL. */
  readonly url: string
  /** From now on. */
  isIll: boolean
  /** Requests since the last `forget`, and how many of them, not of those before, were open at once at most. */
  readonly asked: number
  readonly mostAtOnce: number
  /** When the first answer after that was a good one (`performance.now`). */
  readonly wellAt: number | undefined
  forget(): void
}

/** How long an ill one takes to say so: long enough for a second probe to be seen beside the first. */
const ILL_MS = 150

const ANSWER = ['{"role":"assistant","content":"well"}', '{}']
  .map(
    (delta, at) =>
      `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":${at === 1 ? '"stop"' : 'null'}}]}`,
  )
  .map((chunk) => `data: ${chunk}\n\n`)
  .join('')

/** Starts one that is well. `isSilent`: when it is ill it takes requests and never answers them. */
export async function startFlappingProvider(isSilent: boolean = false): Promise<FlappingProvider> {
  let [asked, open, mostAtOnce] = [0, 0, 0]
  let wellAt: number | undefined
  let isIll = false
  let round = 0
  const answer = async (response: ServerResponse): Promise<void> => {
    asked++
    const mine = round
    const close = (): void => void (mine === round && open--)
    mostAtOnce = Math.max(mostAtOnce, ++open)
    const ill = isIll
    if (ill && isSilent) return void response.once('close', close)
    if (ill) await setTimeout(ILL_MS)
    else wellAt ??= performance.now()
    close()
    response.writeHead(ill ? 503 : 200, { 'content-type': ill ? 'application/json' : 'text/event-stream' })
    response.end(ill ? '{"error":{"message":"down","type":"server_error"}}' : `${ANSWER}data: [DONE]\n\n`)
  }
  const server = createServer((request, response) => {
    request.resume()
    void answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no address')
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    get isIll() {
      return isIll
    },
    set isIll(value) {
      isIll = value
    },
    get asked() {
      return asked
    },
    get mostAtOnce() {
      return mostAtOnce
    },
    get wellAt() {
      return wellAt
    },
    forget() {
      asked = mostAtOnce = open = 0
      round++
      wellAt = undefined
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
