import type { Rig } from './gateway.ts'

/** What `GET /v1/streams/{id}?format=json` says of a stream's cost. */
export interface WireCharge {
  readonly prompt_tokens: number
  readonly cached_tokens: number
  readonly completion_tokens: number
  readonly reasoning_tokens: number
  readonly estimated: boolean
  readonly attempts: number
  readonly cost: number | null
  readonly nano_dollars: number
  readonly price_source: string
}

/** The charge of a stream, as it is shown now. */
export async function chargeOfStream(rig: Rig, id: string): Promise<WireCharge | undefined> {
  const response = await fetch(`${rig.url}/streams/${id}?format=json`)
  const { charge }: { readonly charge?: WireCharge } = await response.json()
  return charge
}

/** Asks a model, reads to the end, and waits until what is shown has been charged and will not change. */
export async function chargeWhenFinal(rig: Rig, model: string, body: object = {}): Promise<WireCharge> {
  const before = await chargedStreams(rig)
  const response = await rig.chat({ model, stream: true, ...body })
  await response.text()
  for (const began = performance.now(); (await chargedStreams(rig)) <= before;) {
    if (performance.now() - began > 10_000) throw new Error(`${model} was not charged within 10 s`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const charge = await chargeOfStream(rig, response.headers.get('x-stream-id') ?? '')
  if (charge === undefined) throw new Error(`${model} was not charged`)
  return charge
}

/** How many streams have been charged for good: the counter of costs counts each of them. */
export async function chargedStreams(rig: Rig): Promise<number> {
  const text = await (await fetch(`${rig.server.url}/metrics`)).text()
  return [...text.matchAll(/^sluice_charged_streams_total(?:\{[^}]*\})? (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  )
}
