import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { parseDuration } from '../../src/config/duration.ts'
import { isObject } from '../../src/config/is-object.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ROUTES } from '../../src/gateway/routes/table.ts'
import { read, root } from './support.ts'

/** The value at a path of parsed YAML: `spec.template.spec.containers.0`. */
function at(value: unknown, path: string): unknown {
  let found: unknown = value
  for (const step of path.split('.')) {
    if (Array.isArray(found)) found = found[Number(step)]
    else found = isObject(found) ? found[step] : undefined
  }
  return found
}

function sample(): ReturnType<typeof loadConfig>['config'] {
  return loadConfig(read('deploy/config/sluice.yaml'), { file: 'sluice.yaml', env: { OPENAI_API_KEY: 'sk-x' } }).config
}

/** Runs a program where there is one; its output on failure fails the test. */
function checkWith(t: TestContext, program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') t.skip(`${program} is not installed`)
    else throw thrown
    return ''
  }
}

describe('the container', () => {
  const dockerfile = read('Dockerfile')
  const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)

  test('runs the Node that package.json names, in every stage', () => {
    const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(read('package.json'))
    assert.ok(stages.length >= 2)
    for (const image of stages) assert.equal(image, `node:${devDependencies['node']}-slim`)
  })

  test('runs no install scripts, and has no development dependencies', () => {
    for (const [install] of dockerfile.matchAll(/npm (?:ci|install)[^\n]*/g)) assert.match(install, /--ignore-scripts/)
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '))
    assert.match(last, /--from=dependencies \/app\/node_modules/)
    assert.match(dockerfile, /AS dependencies[^]*npm ci --omit=dev/)
    assert.doesNotMatch(last, /--from=build \/src(?: |\/node_modules|\/src)/)
  })

  test('is not root, by number, and asks itself whether it is ready', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '))
    assert.match(last, /^USER [1-9]\d*:[1-9]\d*$/m)
    assert.match(last, /^HEALTHCHECK [^]*\/readyz/m)
    assert.ok(ROUTES.some(({ path }) => path === '/readyz'))
    assert.match(last, /^ENTRYPOINT \["/m, 'without a shell in between: a signal reaches the gateway')
  })

  test('is made of a list of what may go in, and copies nothing that is not on it', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    assert.equal(lines[0], '*')
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    for (const path of allowed) assert.ok(existsSync(join(root, path)), path)
    for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--from|\. )(.+) \S+$/gm)) {
      for (const source of sources.split(' ')) assert.ok(allowed.includes(source), source)
    }
    for (const secret of ['**/.env*', '**/*.db*', '**/.sluice']) assert.ok(lines.includes(secret), secret)
  })
})

describe('the configuration to start from', () => {
  test('is right', () => {
    assert.ok(sample().routes.has('default'))
  })

  test('says nothing of where to listen and to keep things: whoever starts it does', () => {
    const file: unknown = parse(read('deploy/config/sluice.yaml'))
    for (const path of ['server.host', 'server.port', 'log.dir']) assert.equal(at(file, path), undefined)
  })
})

describe('Compose', () => {
  const compose: unknown = parse(read('deploy/compose.yaml'))

  test('mounts what is there', () => {
    const services = at(compose, 'services')
    assert.ok(isObject(services))
    for (const [name, service] of Object.entries(services)) {
      const volumes = at(service, 'volumes')
      assert.ok(Array.isArray(volumes), name)
      for (const volume of volumes.map(String)) {
        const source = volume.split(':')[0] ?? ''
        if (source.startsWith('.')) assert.ok(existsSync(join(root, 'deploy', source)), `${name}: ${source}`)
        else
          assert.ok(isObject(at(compose, 'volumes')) && source in Object(at(compose, 'volumes')), `${name}: ${source}`)
      }
    }
  })

  test('scrapes the gateway, and has Grafana ask that Prometheus', () => {
    const port = at(parse(read('deploy/prometheus/prometheus.yml')), 'scrape_configs.0.static_configs.0.targets.0')
    assert.equal(port, 'sluice:8787')
    const source: unknown = parse(read('deploy/grafana-provisioning/datasources/prometheus.yaml'))
    assert.equal(at(source, 'datasources.0.url'), 'http://prometheus:9090')
    const dashboards: unknown = parse(read('deploy/grafana-provisioning/dashboards/sluice.yaml'))
    const path = at(dashboards, 'providers.0.options.path')
    assert.match(read('deploy/compose.yaml'), new RegExp(`\\./grafana:${String(path)}:ro`))
  })

  test('waits longer for the gateway’s end than the gateway for its streams', () => {
    const grace = parseDuration(String(at(compose, 'services.sluice.stop_grace_period')))
    assert.ok((grace ?? 0) >= sample().server.shutdownTimeout + 10_000)
  })

  test('opens its ports to this machine only, and takes no password for granted', () => {
    for (const [, port = ''] of read('deploy/compose.yaml').matchAll(/^ {6}- (\S+:\d+:\d+)$/gm)) {
      assert.match(port, /^127\.0\.0\.1:/)
    }
    assert.match(String(at(compose, 'services.grafana.environment.GF_SECURITY_ADMIN_PASSWORD')), /:\?/)
  })

  test('names no image without its version', () => {
    for (const [, image = ''] of read('deploy/compose.yaml').matchAll(/^ {4}image: (\S+)$/gm)) {
      assert.match(image, /:(?:v?\d+\.\d+\.\d+|local)$/, image)
    }
  })
})

describe('the systemd unit', () => {
  const unit = read('deploy/systemd/sluice.service')
  const setting = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1]

  test('reloads by SIGHUP and waits for open streams', () => {
    assert.match(setting('ExecReload') ?? '', /-HUP \$MAINPID/)
    assert.ok(Number(setting('TimeoutStopSec')) * 1_000 >= sample().server.shutdownTimeout + 10_000)
  })

  test('gives the gateway a user of its own, no capabilities and one folder to write to', () => {
    assert.equal(setting('User'), 'sluice')
    assert.equal(setting('CapabilityBoundingSet'), '')
    assert.equal(setting('ProtectSystem'), 'strict')
    assert.match(setting('ExecStart') ?? '', /--data \/var\/lib\/sluice$/)
    assert.equal(setting('StateDirectory'), 'sluice')
    assert.match(read('deploy/systemd/sluice.sysusers'), /^u sluice /m)
    assert.equal(setting('MemoryDenyWriteExecute'), undefined, 'V8 compiles')
  })

  test('is one that systemd takes', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-unit-'))
    try {
      const file = join(folder, 'sluice.service')
      // Verified as it would be installed, with a program that is there.
      const installed = unit.replace('/usr/bin/node /usr/lib/node_modules/sluice', `${process.execPath} ${root}`)
      await writeFile(file, installed)
      checkWith(t, 'systemd-analyze', 'verify', file)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('Kubernetes', () => {
  const set: unknown = parse(read('deploy/kubernetes/statefulset.yaml'))
  const pod = at(set, 'spec.template.spec')
  const container = at(pod, 'containers.0')

  test('asks for routes that there are, at the port that the image listens on', () => {
    const port = at(container, 'ports.0.containerPort')
    assert.match(read('Dockerfile'), new RegExp(`"--port", "${String(port)}"`))
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const path = at(container, `${probe}.httpGet.path`)
      assert.ok(
        ROUTES.some((row) => row.path === path && row.access === 'open'),
        `${probe} ${String(path)}`,
      )
      assert.equal(at(container, `${probe}.httpGet.port`), 'http')
    }
    assert.equal(at(container, 'livenessProbe.httpGet.path'), '/healthz', 'who drains must not be killed for it')
    assert.equal(at(container, 'readinessProbe.httpGet.path'), '/readyz')
    assert.equal(at(parse(read('deploy/kubernetes/service.yaml')), 'spec.ports.0.targetPort'), 'http')
  })

  test('waits for its balancers, and then for the open streams', () => {
    const wait = at(container, 'lifecycle.preStop.exec.command')
    assert.ok(Array.isArray(wait) && wait[0] === 'sleep')
    const needed = Number(wait[1]) * 1_000 + sample().server.shutdownTimeout
    assert.ok(Number(at(pod, 'terminationGracePeriodSeconds')) * 1_000 >= needed + 10_000)
  })

  test('runs as the image’s user, with nothing to write to but its volume and /tmp', () => {
    const user = /^USER (\d+):/m.exec(read('Dockerfile'))?.[1]
    assert.equal(String(at(pod, 'securityContext.runAsUser')), user)
    for (const one of ['containers.0', 'initContainers.0']) {
      assert.equal(at(pod, `${one}.securityContext.readOnlyRootFilesystem`), true)
      assert.deepEqual(at(pod, `${one}.securityContext.capabilities.drop`), ['ALL'])
      const mounts = at(pod, `${one}.volumeMounts`)
      assert.ok(Array.isArray(mounts))
      const writable = mounts.filter((mount) => at(mount, 'readOnly') !== true).map((mount) => at(mount, 'mountPath'))
      assert.deepEqual(writable, ['/var/lib/sluice', '/tmp'])
      for (const mount of mounts) assert.equal(at(mount, 'subPath'), undefined, 'a change would not arrive')
    }
  })

  test('has one replica: streams live in one process', () => {
    assert.equal(at(set, 'spec.replicas'), 1)
  })

  test('is what kustomize makes of it, configuration included', (t) => {
    const made = checkWith(t, 'kubectl', 'kustomize', join(root, 'deploy'))
    if (made === '') return
    const kinds = [...made.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind)
    assert.deepEqual(kinds, ['ConfigMap', 'Service', 'StatefulSet'])
    assert.match(made, /shutdownTimeout: 60s/)
    assert.match(made, /name: sluice\n/, 'and its name says nothing of its content')
  })
})
