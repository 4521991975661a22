import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { answerFor } from '../../src/simulator/index.ts'

/** A model that answers as fast as it can; the text is that of any other healthy one. */
export const FAST = 'sim:first=0,interval=0'
/** The key pair that Evolution's samples come with. */
const CLIENT = { keyId: 'your_key_id', secret: 'your_secret' }

/** The models that the samples ask for, all of them `model` of the simulator. */
function named(
  rig: { readonly url: string },
  model: string,
  names: readonly string[] = ['default', 'gpt-4', 'gpt-4o'],
) {
  const provider = plainProvider(rig.url)
  return new Map(names.map((name) => [name, route(name, [target(provider, model)])]))
}

/** A gateway as an open house, in front of the simulator. */
export function openHouse(model: string = FAST): Promise<Rig> {
  return startRig({ config: (simulator) => ({ routes: named(simulator, model) }) })
}

/** A gateway as it comes: it knows the model `default`, and none by the name of another service. */
export function plainHouse(model: string = FAST): Promise<Rig> {
  return startRig({ config: (simulator) => ({ routes: named(simulator, model, ['default']) }) })
}

/** A gateway that lets Evolution's clients in, and nobody else. */
export function evolutionHouse(model: string = FAST): Promise<Rig> {
  return startRig({
    config: (simulator) => ({
      routes: named(simulator, model),
      auth: { tokenLifetime: 3_600_000, clients: [CLIENT] },
    }),
  })
}

/** A gateway whose model breaks off after five tokens, without anybody who could help. */
export function brokenHouse(): Promise<Rig> {
  return startRig({
    config: (simulator) => {
      const only = target(plainProvider(simulator.url), `${FAST},fault=cut@5`)
      const routes = new Map(['default', 'gpt-4'].map((name) => [name, route(name, [only], { maxAttempts: 1 })]))
      return { routes, auth: { tokenLifetime: 3_600_000, clients: [CLIENT] } }
    },
  })
}

/** What the model says to a question; `more` are further fields of the request. */
export function said(question: string, more: object = {}): string {
  return answerFor({ model: FAST, messages: [{ role: 'user', content: question }], ...more })
}
