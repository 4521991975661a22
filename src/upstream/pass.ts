import type { SluiceError } from '../errors.ts'
import { verdict, type BreakerEvent } from './breaker.ts'

/** A leave to ask a target; say how it went. */
export interface Pass {
  readonly isProbe: boolean
  /** How long a probe waits for a response head, and then for a first token, in milliseconds. */
  readonly patience: number
  /** It answers. Counts once. */
  well(): void
  /** It failed, also after it had answered well. */
  ill(error: SluiceError): void
}

/** Where passes come from, and what is told there of them. */
export interface PassOffice {
  /** What happened to who asked in this era. Gives the era that it leads to. */
  heard(key: string, era: number, event: BreakerEvent): number
  /** A try that was begun then went well. */
  wentWell(key: string, begun: number): void
  /** Whether a try that was begun then says nothing of now. */
  isStale(key: string, begun: number): boolean
}

/** A pass for one target. It lives as long as the stream, so it is one object. */
export class TargetPass implements Pass {
  readonly isProbe: boolean
  readonly patience: number
  readonly #office: PassOffice
  readonly #key: string
  readonly #begun: number
  #era: number
  #isWell = false

  constructor(
    office: PassOffice,
    key: string,
    begun: number,
    told: Pick<Pass, 'isProbe' | 'patience'> & { readonly era: number },
  ) {
    this.#office = office
    this.#key = key
    this.#begun = begun
    this.#era = told.era
    this.isProbe = told.isProbe
    this.patience = told.patience
  }

  well(): void {
    if (this.#isWell) return
    this.#tell('success')
    this.#isWell = true
    this.#office.wentWell(this.#key, this.#begun)
  }

  ill(error: SluiceError): void {
    const event = verdict(error.code)
    if (!this.isProbe && this.#office.isStale(this.#key, this.#begun)) return
    if (event === 'failure' || !this.#isWell) this.#tell(event)
  }

  #tell(event: BreakerEvent): void {
    this.#era = this.#office.heard(this.#key, this.#era, event)
  }
}
