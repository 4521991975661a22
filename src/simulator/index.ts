/**
 * `sluice/simulator`: an OpenAI-compatible provider for tests. It generates answers that are the same
 * every time, replays recorded streams, and misbehaves on demand.
 */
export { startSimulator } from './simulator.ts'
export type { Simulator, SimulatorOptions } from './simulator.ts'
export type { SeenRequest } from './server/seen.ts'
export { answerFor } from './answer/plan.ts'
export type { ChatBody } from './answer/plan.ts'
export { parseModel } from './model-name.ts'
export type { ModelSpec, Split, UsageMode } from './model-name.ts'
export { FAULTS } from './faults.ts'
export type { Fault, FaultName, FaultPlace } from './faults.ts'
export type { ShapeName } from './wire/shape-name.ts'
