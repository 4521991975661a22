import type { ServerResponse } from 'node:http'
import type { FrameSink, FrameSource } from '../gateway/deliver.ts'
import type { StreamReply } from '../gateway/http.ts'
import { HEARTBEAT } from '../sse/encode.ts'
import { Wire } from './wire.ts'

/**
 * Sends a sign of life to every response that had nothing to say for a while. One timer for all of
 * them; a token only sets a flag.
 */
export class Heartbeats {
  readonly #wires = new Set<Wire>()
  readonly #timer: NodeJS.Timeout

  /** `everyMs`: a response silent for so long, and for at most twice as long, gets a heartbeat. */
  constructor(everyMs: number) {
    this.#timer = setInterval(() => this.#beat(), everyMs).unref()
  }

  add(wire: Wire): void {
    this.#wires.add(wire)
  }

  remove(wire: Wire): void {
    this.#wires.delete(wire)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    for (const wire of this.#wires) if (wire.takeQuiet()) wire.writeText(HEARTBEAT)
  }
}

/**
 * Sends a streamed answer: the head, then frames as they come, waiting for the peer to take them. A
 * peer that leaves ends only this reader. When the frames end, the response ends; when they throw, the
 * connection is destroyed, so that a cut is never taken for an end (PROTOCOL 4). So is that of a peer
 * that has taken nothing for `patienceMs`.
 */
export async function sendStream(
  response: ServerResponse,
  reply: StreamReply,
  heartbeats: Heartbeats,
  withBody: boolean,
  patienceMs: number,
): Promise<void> {
  let wire: Wire | undefined
  try {
    response.writeHead(reply.status, reply.headers)
    if (!withBody) return void response.end()
    wire = new Wire(response)
    heartbeats.add(wire)
    const open = wire
    await flow(reply.frames, (frames) => {
      if (open.closed) return false
      return open.write(frames) || frames.isLast === true || open.drained(patienceMs).then(orStopped)
    })
    wire.end()
  } catch {
    response.destroy()
  } finally {
    if (wire !== undefined) heartbeats.remove(wire)
    reply.onLeave()
  }
}

/** A reader that took nothing for too long is given up. */
function orStopped(inTime: boolean): boolean {
  if (!inTime) throw new Error('the reader has stopped')
  return true
}

/** Frames into a sink, by whichever way their source has. */
function flow(frames: FrameSource, sink: FrameSink): Promise<void> {
  return frames.flow === undefined ? drip(frames, sink) : frames.flow(sink)
}

async function drip(frames: FrameSource, sink: FrameSink): Promise<void> {
  for await (const some of frames) if (!(await sink(some))) return
}
