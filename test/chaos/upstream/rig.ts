import type { Continuation, Deadlines, Route } from '../../../src/provider/provider.ts'
import { serve } from '../../../src/node/serve.ts'
import { startSimulator, type Simulator } from '../../../src/simulator/index.ts'
import { gatewayConfig, keepingLogger, plainProvider, route, target } from '../../support/gateway.ts'

/** A route of two targets at the simulator. */
export interface TwoTargets {
  /** The route's name; its providers are named after it, so that no breaker knows another route's failures. */
  readonly name: string
  /** Model names at the simulator. */
  readonly first: string
  readonly second: string
  /** How both go on with a partial answer. */
  readonly continuation: Continuation
  readonly deadlines: Partial<Deadlines>
  /** Those of the second target; long ones unless told: a machine that is busy is no fault. */
  readonly secondDeadlines?: Partial<Deadlines> | undefined
}

/** A gateway with such routes, and their simulator. */
export interface RescueRig extends AsyncDisposable {
  /** The gateway's `/v1`. */
  readonly url: string
  readonly simulator: Simulator
}

/** For a target that nothing is wrong with. */
const PATIENT: Partial<Deadlines> = { connect: 20_000, head: 20_000, firstToken: 20_000, betweenTokens: 20_000 }

/** Starts a gateway that has all these routes. */
export async function startRescueRig(routes: readonly TwoTargets[]): Promise<RescueRig> {
  const simulator = await startSimulator()
  const config = gatewayConfig({ routes: new Map(routes.map((one) => [one.name, toRoute(one, simulator.url)])) })
  const server = await serve({ config, logger: keepingLogger() })
  return {
    url: `${server.url}/v1`,
    simulator,
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await simulator.close()
    },
  }
}

function toRoute({ name, first, second, continuation, deadlines, secondDeadlines }: TwoTargets, url: string): Route {
  const provider = (which: string) => plainProvider(url, { name: `${name}-${which}`, continuation })
  return route(name, [
    target(provider('first'), first, { ...PATIENT, ...deadlines }),
    target(provider('second'), second, { ...PATIENT, ...secondDeadlines }),
  ])
}

/** Runs tasks with at most `atOnce` under way. */
export async function inLanes<T>(atOnce: number, tasks: readonly T[], run: (task: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await run(task)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
