import { z } from 'zod'
import type { ProviderSettings } from '../provider/create.ts'
import { PRESETS } from '../provider/presets.ts'
import type { LimitNumbers, LimitSettings } from './limits.ts'
import type { ClientConfig } from './config.ts'
import { priceTable } from './prices.ts'
import type {
  AdminSettings,
  AuthSettings,
  LogSettings,
  ModelSettings,
  ProviderEntry,
  ServerSettings,
  Settings,
  TargetSettings,
} from './settings.ts'
import { choice, disconnectPolicy, duration, flag, list, named, number, section, size, text } from './values.ts'

/** Longer than any timer, but no timer waits for it: old streams are looked for when others start. */
const LONGEST_RETENTION = 366 * 86_400_000
const LONGEST_USAGE = 3_660 * 86_400_000

const PROVIDER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const MODEL_NAME = /^[^\s*\x00-\x1f\x7f]{1,500}(?:[/:]\*)?$/
const SHORTHAND = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})\/(.+)$/su

const headerValues = named(/^.+$/, 'expected a name', z.string({ error: 'expected text' }))

const numbers = {
  rpm: number(1, 1_000_000_000).describe('Requests in any minute').optional(),
  tpm: number(1, 1_000_000_000_000).describe('Tokens in any minute').optional(),
  concurrency: number(1, 1_000_000).describe('Requests at the same time').optional(),
}
const limitNumbers: z.ZodType<LimitNumbers> = section(numbers)

const limits: z.ZodType<LimitSettings> = section({
  ...numbers,
  wait: duration(0, 600_000).describe('How long a request may wait for a place; 0: not at all').optional(),
  expectedTokens: number(1, 10_000_000)
    .describe('Tokens kept for an answer whose request names no limit (1024)')
    .optional(),
  unknownPrice: choice(['refuse', 'allow'])
    .describe('What a key with a budget may do with a model whose price is not known (refuse)')
    .optional(),
})

const provider: z.ZodType<ProviderEntry> = section({
  preset: choice(nonEmpty([...PRESETS.keys()])).describe('What kind of service this is'),
  baseUrl: text('expected a URL').describe('Where it is, without /chat/completions').optional(),
  apiKey: z
    .union([z.string(), z.array(z.string()).min(1).max(100)], { error: 'expected a key, or a list of keys' })
    .describe('The key, or several used in turn; better references such as ${MY_KEY}')
    .optional(),
  keyId: text('expected a key id').describe('Evolution: the id of the key pair').optional(),
  secret: text('expected a secret')
    .describe('Evolution: its secret; better a reference such as ${MY_SECRET}')
    .optional(),
  projectId: text('expected a project id').describe('Evolution: sent as x-project-id').optional(),
  tokenUrl: text('expected a URL').describe('Evolution: where the pair is exchanged for a token').optional(),
  tokenTimeout: duration(100).describe('Evolution: how long an exchange may take').optional(),
  headers: headerValues.describe('Further header fields of every request').optional(),
  query: headerValues.describe('Query parameters of every request').optional(),
  continuation: choice(['continue_final_message', 'prefix', 'trailing_assistant', 'none'])
    .describe('How it goes on with a partial answer')
    .optional(),
  quirks: section({
    noStreamOptions: flag().optional(),
    obfuscation: flag().optional(),
    readsPastDone: flag().optional(),
    usageExcludesReasoning: flag().optional(),
    cumulativeUsage: flag().optional(),
    fallbackModels: flag().optional(),
  })
    .describe('Where it differs from OpenAI')
    .optional(),
  deployment: text().describe('Azure: the deployment in the path').optional(),
  apiVersion: text().describe('Azure: the api-version query parameter').optional(),
  prices: priceTable().describe('What its models cost; "*" stands for all of them').optional(),
  limits: limitNumbers.describe('What it may be asked, by all callers together').optional(),
})

const deadlines = section({
  connect: duration().describe('TCP and TLS').optional(),
  head: duration().describe('From the request sent to the response head').optional(),
  firstToken: duration().describe('From the response head to the first visible delta').optional(),
  betweenTokens: duration().describe('Between two signs of life').optional(),
  total: duration().describe('From the request to the end').optional(),
  minTokensPerSecond: number(0, 10_000, false)
    .describe('Slower than this over ten seconds counts as a stall')
    .optional(),
})

const cachePolicy = {
  enabled: flag().describe('Whether complete answers are given again to equal requests').optional(),
  ttl: duration(1_000, LONGEST_RETENTION)
    .describe('How long; at most log.retention, which it is unless told')
    .optional(),
  pace: choice(['at-once', 'recorded']).describe('How a streamed answer is given again').optional(),
  coalesce: flag().describe('Whether equal requests at the same time share one generation').optional(),
}

const target: z.ZodType<TargetSettings> = section({
  provider: text('expected the name of a provider').describe('A name from providers'),
  model: text("expected a model's name").describe("The model there; absent: the caller's").optional(),
  weight: number(0, 1_000_000, false).describe('Share of first tries, for strategy weighted').optional(),
  deadlines: deadlines.optional(),
  overrides: z
    .record(z.string(), z.unknown(), { error: 'expected a mapping' })
    .describe("Body fields set over the caller's")
    .optional(),
})

const model: z.ZodType<ModelSettings> = z.union(
  [
    z
      .string()
      .regex(SHORTHAND)
      .transform((shorthand) => ({ targets: [fromShorthand(shorthand)] })),
    section({
      targets: list('expected a list of at least one target', target).describe('In order of preference'),
      deadlines: deadlines.optional(),
      strategy: choice(['ordered', 'weighted']).optional(),
      maxExtraTokens: number(0, 1_000_000_000)
        .describe('What rescues of one stream may cost beside its answer')
        .optional(),
      maxAttempts: number(1, 20).describe('Tries in all, before the first visible delta').optional(),
      limits: limitNumbers.describe('What it may be asked, by all callers together').optional(),
      cache: section(cachePolicy).describe('What differs from cache for this model').optional(),
    }),
  ],
  { error: 'expected PROVIDER/MODEL, or a mapping with targets' },
)

const server: z.ZodType<ServerSettings> = section({
  host: text('expected a host name or address').optional(),
  port: number(0, 65_535).optional(),
  allowedHosts: z
    .array(text('expected a host name'), { error: 'expected a list of host names' })
    .describe('Further names in the Host header')
    .optional(),
  maxBodyBytes: size().optional(),
  shutdownTimeout: duration(0).describe('How long open streams may go on after a signal to stop').optional(),
  heartbeat: duration(100).describe('Silence after which a comment line goes out').optional(),
  maxLag: number(1, 1_000_000_000).describe('A reader more events behind an open stream than this is cut').optional(),
  readerPatience: duration(100).describe('How long a reader may take nothing at all').optional(),
  attachRetries: flag().describe("Whether an official SDK's retry attaches to the stream of its first try").optional(),
  onDisconnect: disconnectPolicy().describe('When the last reader leaves').optional(),
})

const log: z.ZodType<LogSettings> = section({
  kind: choice(['memory', 'file']).optional(),
  dir: text('expected a folder').optional(),
  retention: duration(0, LONGEST_RETENTION).describe('How long ended streams stay readable').optional(),
  maxBytes: size().describe('Beyond this the oldest ended streams go early').optional(),
  durability: choice(['process', 'power']).describe('What an acknowledged entry survives').optional(),
})

/** Tokens are signed with keys made from it: a short one could be guessed from a token. */
const SECRET = /^[\x21-\x7e]{16,512}$/

const client: z.ZodType<ClientConfig> = section({
  keyId: z
    .string({ error: 'expected a key id' })
    .regex(/^(?!local$|key_)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
      error: 'expected a key id of letters, digits, ".", "_" and "-"',
    })
    .describe('Names the client; it owns the streams it starts'),
  secret: z
    .string({ error: 'expected a secret' })
    .regex(SECRET, { error: 'expected a secret of 16 characters or more, without spaces' })
    .describe('Better a reference such as ${MY_CLIENT_SECRET}'),
})

const auth: z.ZodType<AuthSettings> = section({
  clients: list('expected a list of at least one client', client)
    .superRefine((clients, context) => {
      clients.forEach(({ keyId }, i) => {
        if (clients.findIndex((other) => other.keyId === keyId) === i) return
        context.addIssue({ code: 'custom', path: [i, 'keyId'], message: 'expected a key id of its own' })
      })
    })
    .describe('Programs that may call, each with a key id and a secret for POST /api/v1/auth/token'),
  tokenLifetime: duration(1_000, 30 * 86_400_000)
    .describe('How long a token is good')
    .optional(),
})

const admin: z.ZodType<AdminSettings> = section({
  host: text('expected a host name or address').describe('127.0.0.1 unless told').optional(),
  port: number(0, 65_535),
})

const settings: z.ZodType<Settings> = section({
  providers: named(PROVIDER_NAME, 'expected a provider name of letters, digits, ".", "_" and "-"', provider)
    .describe('Services that can be called')
    .optional(),
  models: named(MODEL_NAME, 'expected a model name without spaces; "*" only as "PREFIX/*" or "PREFIX:*"', model)
    .describe('Model names and where their requests go')
    .optional(),
  passthrough: text('expected the name of a provider').describe('Where every other model name goes').optional(),
  prices: priceTable().describe('What models cost, whoever provides them; wins over every list').optional(),
  usage: section({
    retention: duration(86_400_000, LONGEST_USAGE).describe('How long it is known what streams used').optional(),
  }).optional(),
  server: server.optional(),
  log: log.optional(),
  cache: section({
    ...cachePolicy,
    maxBytes: size().describe('Of all answers in the cache; those not asked for the longest go').optional(),
  })
    .describe('Answers that are given again; off unless enabled')
    .optional(),
  limits: limits.describe('What each caller may use whose key says nothing else').optional(),
  admin: admin.describe('A listener of its own for the operator; without it /admin is served beside /v1').optional(),
  auth: auth.describe('Who may call; without it, whoever reaches the gateway').optional(),
})

/** Checks a whole configuration; issues carry what was found. */
export function parseSettings(value: unknown): z.ZodSafeParseResult<Settings> {
  return settings.safeParse(value, { reportInput: true })
}

/** Checks one entry of `providers` by itself. */
export function parseProvider(value: unknown): z.ZodSafeParseResult<ProviderSettings> {
  return provider.safeParse(value)
}

/**
 * The target of `PROVIDER/MODEL`. `PROVIDER/*` passes the caller's name through, or what a
 * prefix leaves of it.
 */
export function fromShorthand(shorthand: string): TargetSettings {
  const [, name = shorthand, rest] = SHORTHAND.exec(shorthand) ?? []
  return rest === undefined || rest === '*' ? { provider: name } : { provider: name, model: rest }
}

/** The JSON Schema of a configuration file, for editors; docs/sluice.schema.json is this, written down. */
export function jsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(settings, { io: 'input', target: 'draft-7' })
  return { $schema, title: 'Sluice configuration', description: 'sluice.yaml', ...rest }
}

function nonEmpty(words: readonly string[]): readonly [string, ...string[]] {
  const [first = '', ...others] = words
  return [first, ...others]
}
