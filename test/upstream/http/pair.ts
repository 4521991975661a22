import { Connections } from '../../../src/upstream/http/connections.ts'
import { TestClock } from '../../support/clock.ts'
import { startAnswering, type Server } from './server.ts'

/** A client on a clock that stands, and a server that answers every request alike. */
export interface Pair extends AsyncDisposable {
  readonly clock: TestClock
  readonly connections: Connections
  readonly server: Server
}

/** Starts the two. */
export async function pair(answer: Parameters<typeof startAnswering>[0]): Promise<Pair> {
  const clock = new TestClock()
  const connections = new Connections(clock)
  const server = await startAnswering(answer)
  return {
    clock,
    connections,
    server,
    async [Symbol.asyncDispose]() {
      connections.close()
      await server.close()
    },
  }
}
