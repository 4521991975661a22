/** OpenTelemetry's name of the model that was asked for. */
export const MODEL = 'gen_ai_request_model'
/** And of who provides it. */
export const PROVIDER = 'gen_ai_provider_name'

/** What can be written as Prometheus text: https://prometheus.io/docs/instrumenting/exposition_formats */
export interface Family {
  /** Its lines, with no line break at the end. */
  text(): string
}

/** How far one series of a counter has come. Who counts often keeps it and adds to it. */
export interface Sum {
  value: number
}

/**
 * Counters of one name. A series is looked up by its labels once and then kept by who counts: a metrics library
 * that looks it up each time, ten times a stream, was 4 us of the CPU of every stream (decision 21).
 */
export class Counter implements Family {
  readonly #name: string
  readonly #help: string
  readonly #labels: readonly string[]
  /** By their labels as text. */
  readonly #sums = new Map<string, Sum>()

  constructor(name: string, help: string, labels: readonly string[]) {
    this.#name = name
    this.#help = help
    this.#labels = labels
  }

  /** The series with these values of the labels, in their order. It is told of from now on, even if it stays 0. */
  of(...values: readonly string[]): Sum {
    const labels = labelText(this.#labels, values)
    let sum = this.#sums.get(labels)
    if (sum === undefined) this.#sums.set(labels, (sum = { value: 0 }))
    return sum
  }

  text(): string {
    const lines = head(this.#name, this.#help, 'counter')
    for (const [labels, { value }] of this.#sums) lines.push(`${this.#name}${inBraces(labels)} ${value}`)
    return lines.join('\n')
  }
}

/** How the values of one series of a histogram are spread. */
export class Spread {
  readonly #bounds: readonly number[]
  /** One for each bound, and one for what is beyond the last. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let i = 0
    while (value > (this.#bounds[i] ?? Infinity)) i++
    this.counts[i] = (this.counts[i] ?? 0) + 1
    this.sum += value
  }
}

/** Histograms of one name. */
export class Histogram implements Family {
  readonly #name: string
  readonly #help: string
  readonly #labels: readonly string[]
  readonly #bounds: readonly number[]
  /** By their labels as text. */
  readonly #spreads = new Map<string, Spread>()

  /** `bounds`: the highest value of each bucket, rising. */
  constructor(name: string, help: string, labels: readonly string[], bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#labels = labels
    this.#bounds = bounds
    if (labels.length === 0) this.of()
  }

  /** The series with these values of the labels, in their order. It is told of from now on. */
  of(...values: readonly string[]): Spread {
    const labels = labelText(this.#labels, values)
    let spread = this.#spreads.get(labels)
    if (spread === undefined) this.#spreads.set(labels, (spread = new Spread(this.#bounds)))
    return spread
  }

  text(): string {
    const lines = head(this.#name, this.#help, 'histogram')
    for (const [labels, { counts, sum }] of this.#spreads) {
      const others = labels === '' ? '' : `,${labels}`
      let below = 0
      for (const [i, count] of counts.entries()) {
        below += count
        lines.push(`${this.#name}_bucket{le="${this.#bounds[i] ?? '+Inf'}"${others}} ${below}`)
      }
      lines.push(`${this.#name}_sum${inBraces(labels)} ${sum}`, `${this.#name}_count${inBraces(labels)} ${below}`)
    }
    return lines.join('\n')
  }
}

/** Figures of one name that are read when somebody asks for them. */
export class Gauge implements Family {
  readonly #name: string
  readonly #help: string
  readonly #label: string | undefined
  readonly #read: () => Iterable<readonly [value: string, figure: number]>

  /** `label`: absent for a single figure. `read` gives each figure with that label's value; of two with one, the later. */
  constructor(
    name: string,
    help: string,
    label: string | undefined,
    read: () => Iterable<readonly [value: string, figure: number]>,
  ) {
    this.#name = name
    this.#help = help
    this.#label = label
    this.#read = read
  }

  text(): string {
    const lines = head(this.#name, this.#help, 'gauge')
    const names = this.#label === undefined ? [] : [this.#label]
    for (const [value, figure] of new Map(this.#read())) {
      lines.push(`${this.#name}${inBraces(labelText(names, [value]))} ${figureText(figure)}`)
    }
    return lines.join('\n')
  }
}

/** The format has words of its own for what is no finite number. */
function figureText(figure: number): string {
  if (Number.isFinite(figure) || Number.isNaN(figure)) return String(figure)
  return figure > 0 ? '+Inf' : '-Inf'
}

function head(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escaped(values[i] ?? '')}"`).join(',')
}

function inBraces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** A label's value as it stands between quotes. */
export function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
