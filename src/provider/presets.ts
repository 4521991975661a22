import { HOSTED } from './hosted.ts'
import { LOCAL, SIMULATOR } from './local.ts'
import { PLACED } from './placed.ts'
import type { Preset } from './preset.ts'

/** Every preset by its id: hosted services, services at the customer's own address, local engines, the simulator. */
export const PRESETS: ReadonlyMap<string, Preset> = new Map(
  [...HOSTED, ...PLACED, ...LOCAL, SIMULATOR].map((preset) => [preset.id, preset]),
)
