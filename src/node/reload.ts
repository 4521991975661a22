import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { reloaded, type ConfigSource } from '../config/reload.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import { SluiceError } from '../errors.ts'
import type { Logger } from '../gateway/context.ts'
import { LEDGER_FILE } from './open-stores.ts'

/** Editors write a file in several steps: so long after the first sign of a change it is read, in milliseconds. */
const SETTLE_MS = 200
/** A file that is still being written is read again after so long, and so often. */
const REREAD_MS = 50
const REREADS = 10

/** What reloading needs of the gateway. */
export interface ReloadTarget {
  /** Puts it into use. Throws `SluiceError` when it must not be, and changes nothing then. */
  apply(config: GatewayConfig): void
  /** The one before stays in use. */
  failed(): void
  readonly logger: Logger
}

/**
 * Reads a gateway's configuration again when its file changes or somebody says so, one after the other. A
 * configuration that is wrong is reported and changes nothing.
 */
export class Reloader {
  readonly #source: ConfigSource
  readonly #target: ReloadTarget
  readonly #watcher: FSWatcher | undefined
  #running: LoadedConfig
  /** The text that was read last, right or wrong; `undefined` before the first time, and when the file was gone. */
  #text: string | undefined
  #turn: Promise<void> = Promise.resolve()
  #soon: NodeJS.Timeout | undefined

  /** Watches the file's folder from now on: an editor puts another file in the old one's place, and so does Kubernetes. */
  constructor(source: ConfigSource, text: string, target: ReloadTarget) {
    this.#source = source
    this.#target = target
    this.#running = source.loaded
    this.#text = text
    this.#watcher = this.#watch()
  }

  /** Reads the file and puts it into use, changed or not. Resolves when that is done, or refused; never rejects. */
  reload(): Promise<void> {
    return this.#enqueue('asked', false)
  }

  /** No more. */
  close(): void {
    clearTimeout(this.#soon)
    this.#watcher?.close()
  }

  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(dirname(this.#source.file), { persistent: false }, (_, name) => {
        // Where data and configuration share a folder, the ledger changes with every stream.
        if (name?.startsWith(LEDGER_FILE) === true) return
        // Not put off by further changes: in a folder where something always changes it would never come.
        this.#soon ??= setTimeout(() => {
          this.#soon = undefined
          void this.#enqueue('file changed', true)
        }, SETTLE_MS).unref()
      })
      watcher.on('error', (error) => this.#warnUnwatched(error))
      return watcher
    } catch (thrown) {
      this.#warnUnwatched(thrown)
      return undefined
    }
  }

  #warnUnwatched(thrown: unknown): void {
    const facts = { file: basename(this.#source.file), err: thrown }
    this.#target.logger.warn(facts, 'the configuration is not watched for changes: send SIGHUP to have it read')
  }

  #enqueue(why: string, onlyWhenChanged: boolean): Promise<void> {
    this.#turn = this.#turn.then(() => this.#read(why, onlyWhenChanged))
    return this.#turn
  }

  async #read(why: string, onlyWhenChanged: boolean): Promise<void> {
    const { file } = this.#source
    const { logger } = this.#target
    try {
      const text = await this.#settledText()
      if (onlyWhenChanged && text === this.#text) return
      this.#text = text
      if (text === undefined) throw new SluiceError('config_invalid', `${file}: there is no such file`)
      const { loaded, needsRestart } = reloaded(this.#running, this.#source.parse(text))
      this.#target.apply(loaded.config)
      this.#running = loaded
      logger.info({ file, why, models: loaded.config.routes.size }, 'configuration reloaded')
      if (needsRestart.length > 0) logger.warn({ file, needsRestart }, 'some changes count only after a restart')
    } catch (thrown) {
      const problems = SluiceError.from(thrown).message.split('\n')
      this.#target.failed()
      logger.error({ file, why, problems }, 'configuration not reloaded: the one before stays in use')
    }
  }

  /** The text once it is the same twice: who reads half a file finds a mistake that nobody made. */
  async #settledText(): Promise<string | undefined> {
    let text = await this.#source.read()
    for (let tries = 0; tries < REREADS; tries++) {
      await sleep(REREAD_MS, undefined, { ref: false })
      const again = await this.#source.read()
      if (again === text) return text
      text = again
    }
    return text
  }
}
