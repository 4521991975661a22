import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { DEFAULT_LIMITS } from '../../src/config/limits.ts'
import { plainProvider, route, startRig, target } from '../support/gateway.ts'
import { chargeWhenFinal } from '../support/usage.ts'

const read = (path: string): string => readFileSync(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')

interface Dashboard {
  readonly title: string
  readonly panels: readonly {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets?: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly labels: { readonly severity: string }
      readonly annotations: { readonly summary: string }
    }[]
  }[]
}

const dashboard: Dashboard = JSON.parse(read('grafana/sluice.json'))
const alerts: Alerts = parse(read('prometheus/alerts.yml'))
const rules = alerts.groups.flatMap((group) => group.rules)
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** The name and the labels of every series that an expression reads. */
function selectorsIn(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:sluice|gen_ai|process)_\w+)(?:\{([^}]*)\})?/g)].flatMap(
    ([, name = '', inside = '']) => {
      // A label in a `by (…)` is no series.
      if (name === 'gen_ai_request_model' || name === 'gen_ai_provider_name') return []
      return { name, labels: [...inside.matchAll(/(\w+)(?:=~|!=|=)/g)].map(([, label = '']) => label) }
    },
  )
}

/** The labels in `by (…)` and legends. */
function groupedBy(expr: string): readonly string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  )
}

/** Prometheus itself adds these. */
const ADDED = new Set(['job', 'instance', 'le'])

/** Names that are there after some traffic, and the labels of each. */
const known = new Map<string, Set<string>>()

before(async () => {
  await using rig = await startRig({
    config: ({ url }) => {
      const provider = plainProvider(url, { preset: 'openai-compatible', continuation: 'continue_final_message' })
      const good = 'sim:tokens=20,interval=2ms,first=0ms'
      const cache = { enabled: true, ttl: 60_000, coalesce: false, pace: 'at-once' } as const
      const targets = [target(provider, `${good},fault=cut@10`), target(provider, good)]
      const routes = [
        route('default', targets),
        route('cached', [target(provider, good)], { cache }),
        route('limited', [target(provider, good)]),
      ]
      return {
        routes: new Map(routes.map((each) => [each.model, each])),
        limits: { ...DEFAULT_LIMITS, models: new Map([['limited', { requestsPerMinute: 1 }]]) },
      }
    },
  })
  await chargeWhenFinal(rig, 'default')
  await chargeWhenFinal(rig, 'cached')
  for (let i = 0; i < 2; i++) await (await rig.chat({ model: 'limited', stream: true })).text()
  const text = await (await fetch(`${rig.server.url}/metrics`)).text()
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const names = known.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) names.add(label)
    known.set(name, names)
  }
})

function checkExpression(expr: string, what: string): void {
  const selectors = selectorsIn(expr)
  assert.ok(selectors.length > 0 || expr.startsWith('up{'), `${what}: ${expr} reads nothing of ours`)
  const available = new Set(ADDED)
  for (const { name, labels } of selectors) {
    const has = known.get(name)
    assert.ok(has !== undefined, `${what}: ${name} is not in /metrics`)
    for (const label of has) available.add(label)
    for (const label of labels) assert.ok(has.has(label) || ADDED.has(label), `${what}: ${name} has no ${label}`)
  }
  for (const label of groupedBy(expr)) assert.ok(available.has(label), `${what}: nothing has the label ${label}`)
  const count = (character: string): number => expr.split(character).length
  assert.equal(count('('), count(')'), what)
  assert.equal(count('{'), count('}'), what)
}

describe('the Grafana dashboard', () => {
  for (const { title, targets } of panels) {
    test(`draws what a gateway has: ${title}`, () => {
      assert.ok(targets !== undefined && targets.length > 0)
      for (const { expr } of targets) checkExpression(expr, title)
    })
  }

  test('has panels that do not lie on each other, and an id each', () => {
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
    const places = dashboard.panels.map(({ gridPos }) => gridPos)
    places.forEach((a, i) => {
      assert.ok(a.x + a.w <= 24)
      for (const b of places.slice(i + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
        assert.ok(apart, JSON.stringify([a, b]))
      }
    })
  })

  test('has variables that are there', () => {
    for (const { name, definition } of dashboard.templating.list) {
      if (definition !== undefined) checkExpression(definition, name)
    }
    const names = new Set(dashboard.templating.list.map(({ name }) => name))
    const used = new Set([...JSON.stringify(panels).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name = '']) => name))
    assert.deepEqual(
      [...used].filter((name) => !names.has(name)),
      [],
    )
  })
})

describe('the alerts', () => {
  for (const { alert, expr, labels, annotations } of rules) {
    test(`ask for what a gateway has: ${alert}`, () => {
      checkExpression(expr, alert)
      assert.match(labels.severity, /^(critical|warning)$/)
      for (const [, label = ''] of annotations.summary.matchAll(/\$labels\.(\w+)/g))
        assert.ok(expr.includes(label) || label === 'instance', `${alert}: ${label}`)
    })
  }

  test('are read by the Prometheus configuration that lies beside them', () => {
    const config: {
      readonly rule_files: readonly string[]
      readonly scrape_configs: readonly { readonly job_name: string }[]
    } = parse(read('prometheus/prometheus.yml'))
    assert.deepEqual(config.rule_files, ['alerts.yml'])
    assert.equal(config.scrape_configs[0]?.job_name, 'sluice')
  })
})
