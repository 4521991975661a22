import { parentPort, workerData } from 'node:worker_threads'
import { runPart, type Part } from './part.ts'

/** A thread of its own for one part: what it is comes as `workerData`, what came of it goes back as a message. */
const part: Part = workerData
parentPort?.postMessage(await runPart(part), [])
