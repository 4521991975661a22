import { median } from './samples.ts'
import { measure } from './scenarios.ts'
import type { Scale, Scenario } from './scenarios.ts'
import type { Target } from './targets.ts'
import type { Cores, Figure, Figures, Measurement } from './window.ts'

/** One target in one scenario, over all rounds. */
export interface Summary {
  readonly target: string
  /** The median of each figure. */
  readonly figures: Figures
  readonly rounds: number
  /** Over all rounds. If there are any, the figures say nothing. */
  readonly errors: ReadonlyMap<string, number>
  readonly doubt: Doubt | undefined
}

/**
 * Why a figure may not be the target's:
 * - `generator`: provider and load had used up their core while the target had some left;
 * - `noise`: other processes used more than a tenth of a core.
 */
export type Doubt = 'generator' | 'noise'

/** A core this busy has nothing left to give. */
const SATURATED = 0.95

/** What our own process uses of a saturated core, if it is our process that saturates it. */
const MOSTLY = 0.85

const NOISE = 0.1

/**
 * Measures the targets in turn, round after round, so that a slow minute of the machine meets all of
 * them.
 *
 * @param tell is told what is being measured, for a progress line.
 */
export async function runRounds(
  scenario: Scenario,
  targets: readonly Target[],
  rounds: number,
  scale: Scale,
  cores: Cores | undefined,
  tell: (text: string) => void,
): Promise<Summary[]> {
  const taking = targets.filter(({ only }) => only === undefined || only.includes(scenario.name))
  const measured = new Map<string, Measurement[]>(taking.map(({ name }) => [name, []]))
  const count = Math.min(rounds, scenario.roundsAtMost ?? rounds)
  for (let round = 1; round <= count; round++) {
    let direct: Measurement | undefined
    for (const target of taking) {
      tell(`${scenario.name} round ${round}/${count}: ${target.name}`)
      const measurement = await measure(scenario, target, scale, cores)
      if (target.name === 'direct') direct = measurement
      const related = direct === undefined ? {} : relate(measurement, direct)
      measured.get(target.name)?.push({ ...measurement, figures: { ...measurement.figures, ...related } })
    }
  }
  return taking.map(({ name }) => summarise(name, measured.get(name) ?? []))
}

/** What a target adds to the direct call of the same round. */
function relate(measurement: Measurement, direct: Measurement): Figures {
  const { figures } = measurement
  const added = (figure: Figure): number => (figures[figure] ?? Number.NaN) - (direct.figures[figure] ?? Number.NaN)
  const pairs = Math.min(measurement.firstTokens.length, direct.firstTokens.length)
  const differences = Array.from(
    { length: pairs },
    (_, i) => (measurement.firstTokens[i] ?? Number.NaN) - (direct.firstTokens[i] ?? Number.NaN),
  )
  return {
    addedLatencyP50: added('latencyP50'),
    addedLatencyP99: added('latencyP99'),
    addedTtftP50: added('ttftP50'),
    addedTtftP99: added('ttftP99'),
    pairedTtft: median(differences),
  }
}

function summarise(target: string, measurements: readonly Measurement[]): Summary {
  const gathered = new Map<Figure, number[]>()
  const errors = new Map<string, number>()
  for (const measurement of measurements) {
    for (const [reason, count] of measurement.errors) errors.set(reason, (errors.get(reason) ?? 0) + count)
    for (const [figure, value] of entriesOf(measurement.figures)) {
      gathered.set(figure, [...(gathered.get(figure) ?? []), value])
    }
  }
  const figures: Figures = Object.fromEntries([...gathered].map(([figure, values]) => [figure, median(values)]))
  return { target, figures, rounds: measurements.length, errors, doubt: doubtOf(figures) }
}

function doubtOf({ loadCore = 0, generatorCpu = 0, targetCore = 0, othersCpu = 0 }: Figures): Doubt | undefined {
  if (othersCpu > NOISE) return 'noise'
  return loadCore >= SATURATED && generatorCpu >= MOSTLY && targetCore < SATURATED ? 'generator' : undefined
}

function entriesOf(figures: Figures): [Figure, number][] {
  // Object.entries forgets that the keys are the type's.
  return Object.entries(figures) as [Figure, number][]
}
