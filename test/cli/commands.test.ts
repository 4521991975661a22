import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { run } from './run.ts'

const EXAMPLE = `providers:
  sim: { preset: simulator, baseUrl: http://127.0.0.1:9090/v1, apiKey: \${SOME_KEY} }
models:
  default:
    deadlines: { connect: 5s, head: 30s, firstToken: 20s, betweenTokens: 30s, total: 10m }
    targets:
      - { provider: sim, model: "sim:tokens=200,interval=2ms,fault=cut@57" }
      - { provider: sim, model: "sim:tokens=200,interval=2ms" }
`

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'))
  await writeFile(join(folder, 'sluice.yaml'), EXAMPLE)
  await writeFile(join(folder, 'bad.yaml'), EXAMPLE.replace('head: 30s', 'head: soon').replace('targets:', 'target:'))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('sluice config check', () => {
  test('accepts the example and says what is in it', async () => {
    const ended = await run(['config', 'check'], { cwd: folder, env: { SOME_KEY: 'canary-key' } })
    assert.deepEqual(ended, {
      code: 0,
      stdout: 'sluice.yaml is valid\n  providers  sim\n  models     default\n',
      stderr: '',
    })
  })

  test('tells every problem on standard error and exits with 1', async () => {
    const ended = await run(['config', 'check', '--config', 'bad.yaml'], { cwd: folder })
    assert.equal(ended.code, 1)
    assert.equal(ended.stdout, '')
    assert.equal(
      ended.stderr,
      `sluice: bad.yaml:2:72 providers.sim.apiKey: the environment variable SOME_KEY is not set
bad.yaml:5:5 models.default.targets: is missing: expected a list of at least one target
bad.yaml:5:37 models.default.deadlines.head: expected a duration such as 5s, 250ms or 10m, got "soon"
bad.yaml:6:5 models.default.target: unknown key "target"; did you mean "targets"?
`,
    )
  })

  test('says that there is no file', async () => {
    const ended = await run(['config', 'check', '--config=gone.yaml'], { cwd: folder })
    assert.deepEqual([ended.code, ended.stderr], [1, 'sluice: gone.yaml: there is no such file\n'])
  })
})

test('sluice config schema prints what docs/sluice.schema.json holds', async () => {
  const { code, stdout } = await run(['config', 'schema'])
  assert.equal(code, 0)
  const file = new URL('../../docs/sluice.schema.json', import.meta.url)
  assert.deepEqual(JSON.parse(stdout), JSON.parse(await readFile(file, 'utf8')))
})

describe('help', () => {
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['--help'], /USAGE sluice serve\|simulate\|config/],
    [[], /USAGE sluice serve\|simulate\|config/],
    [
      ['serve', '--help'],
      /--port=<N>[^]*--host=<H>[^]*--config=<FILE>[^]*--upstream=<URL>[^]*--upstream-key=<KEY>[^]*--log=<memory\|file>[^]*--data=<DIR>/,
    ],
    [['simulate', '-h'], /--port=<N>[^]*--replay=<DIR>[^]*--seed=<S>/],
    [['config', '--help'], /USAGE sluice config check\|schema/],
    [['config', 'check', '--help'], /sluice config check v[^]*--config=<FILE>/],
  ]
  for (const [args, says] of cases) {
    test(`is given for: sluice ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(args)
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, says)
      assert.doesNotMatch(stdout, /\u001B/, 'without colour in a pipe')
    })
  }
})

test('sluice --version prints the version of the package', async () => {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const version = /"version": "([^"]+)"/.exec(manifest)?.[1]
  assert.deepEqual(await run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

describe('a wrong call exits with 2 and says what is wrong', () => {
  const cases: readonly (readonly [args: readonly string[], says: string])[] = [
    [['serv'], 'unknown command serv; did you mean "serve"?\nsee sluice --help'],
    [['--prot', '1'], 'unknown option --prot\nsee sluice --help'],
    [['config', 'chekc'], 'unknown command chekc; did you mean "check"?\nsee sluice config --help'],
    [['serve', '--prot', '1'], 'unknown option --prot; did you mean "--port"?\nsee sluice serve --help'],
    [['serve', '-p', '1'], 'unknown option -p\nsee sluice serve --help'],
    [['serve', '8787'], 'unexpected argument "8787"\nsee sluice serve --help'],
    [['serve', '--port'], '--port needs a value\nsee sluice serve --help'],
    [['serve', '--port='], '--port needs a value\nsee sluice serve --help'],
    [['serve', '--port', '--host', 'h'], '--port needs a value\nsee sluice serve --help'],
    [['serve', '--port', 'http'], '--port has to be a number from 0 to 65535, got "http"\nsee sluice serve --help'],
    [['serve', '--port=65536'], '--port has to be a number from 0 to 65535, got "65536"\nsee sluice serve --help'],
    [['serve', '--log', 'disk'], '--log has to be memory or file, got "disk"\nsee sluice serve --help'],
    [
      ['serve', '--durability', 'pwoer'],
      '--durability has to be process or power, got "pwoer"; did you mean "power"?\nsee sluice serve --help',
    ],
    [['serve', '--upstream-key', 'canary'], '--upstream-key needs --upstream\nsee sluice serve --help'],
    [['serve', '--no-port'], 'unknown option --no-port\nsee sluice serve --help'],
    [['config', 'schema', 'x'], 'unexpected argument "x"\nsee sluice config schema --help'],
  ]
  for (const [args, says] of cases) {
    test(`sluice ${args.join(' ')}`, async () => {
      assert.deepEqual(await run(args), { code: 2, stdout: '', stderr: `sluice: ${says}\n` })
    })
  }

  test('sluice config alone shows what there is', async () => {
    const { code, stdout } = await run(['config'])
    assert.equal(code, 2)
    assert.match(stdout, /check\|schema/)
  })
})

test('a configuration that cannot be used stops sluice serve with 1, without a stack', async () => {
  const ended = await run(['serve', '--upstream', 'nowhere'])
  assert.deepEqual(ended, {
    code: 1,
    stdout: '',
    stderr: 'sluice: --upstream has to be an http or https URL, such as https://llm.example.com/v1\n',
  })
})
