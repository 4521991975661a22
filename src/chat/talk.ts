import type { Clock } from '../clock.ts'
import { Answers } from './answers.ts'
import { isOpen, type ChatSettings, type Message } from './message.ts'
import type { ChatOptions, ChatSnapshot } from './options.ts'
import { Transcript } from './transcript.ts'
import { alternativesOf, type Conversation } from './tree.ts'

/** What a conversation has decided for itself by the time it is used. */
export interface TalkOptions extends ChatOptions {
  readonly id: string
  readonly settings: ChatSettings
  readonly clock: Clock
  readonly newId: () => string
}

/** A conversation that is being used: what `Chat` does, which says what each verb means. */
export class Talk {
  readonly #options: TalkOptions
  readonly #said: Transcript
  readonly #answers: Answers
  readonly #onChange: (snapshot: ChatSnapshot) => void
  #queue: readonly string[] = []
  #isLoaded: boolean
  #unwatch: (() => void) | undefined = undefined

  constructor(options: TalkOptions, onChange: (snapshot: ChatSnapshot) => void) {
    this.#options = options
    this.#onChange = onChange
    this.#isLoaded = options.store === undefined
    this.#said = new Transcript(options.id, options.settings, options.clock)
    this.#answers = new Answers(this.#said, options, options.clock, {
      onChange: () => this.#changed(),
      onEnd: ({ status }) => (status === 'failed' ? Promise.resolve() : this.#sendNext()),
    })
  }

  /** Reads what the store has, and goes on with the answers that were open. */
  async open(): Promise<void> {
    const { store, id } = this.#options
    if (store === undefined) return
    const take = async (): Promise<void> => {
      const kept = await store.load(id).catch(() => undefined)
      if (kept !== undefined) this.#said.takeIn(kept, this.#answers.has)
      this.#isLoaded = true
      this.#changed()
    }
    await take()
    // Of what another tab has, only what is open is read here too: two tabs without a network must not
    // set each other off.
    this.#unwatch = store.watch((other) => void (other === id && take().then(() => this.#answers.takeUp(false))))
    void this.#answers.takeUp(true)
  }

  async send(text: string, fresh: boolean): Promise<void> {
    if (this.#answers.isBusy) {
      this.#queue = [...this.#queue, text]
      return this.#changed()
    }
    await this.#say(text, fresh ? undefined : this.#said.leaf)
  }

  unqueue(index: number): void {
    this.#queue = this.#queue.filter((_, at) => at !== index)
    this.#changed()
  }

  stop(): void {
    this.#answers.stop()
    this.#changed()
  }

  async regenerate(id: string | undefined): Promise<void> {
    const message = this.#find(id)
    const user = message?.role === 'assistant' ? message.parent : message?.id
    if (user === undefined) return
    this.stop()
    await this.#ask(user)
  }

  async edit(id: string, text: string): Promise<void> {
    const message = this.#find(id)
    if (message?.role !== 'user') return
    this.stop()
    await this.#say(text, message.parent)
  }

  async continue(id: string | undefined): Promise<void> {
    const answer = this.#find(id)
    if (answer?.role !== 'assistant' || isOpen(answer)) return
    // Where nothing was said there is nothing to go on with: that is another attempt.
    if (answer.text === '') return this.regenerate(answer.id)
    await this.#answers.read(this.#said.extend(answer), false)
  }

  resume(): Promise<void> {
    return this.#answers.takeUp(true)
  }

  choose(id: string): void {
    this.#said.choose(id)
    this.#changedByUser()
  }

  alternatives(id: string): readonly string[] {
    return alternativesOf(this.#said.messages, id)
  }

  configure(settings: Partial<ChatSettings>): void {
    this.#said.settings = { ...this.#said.settings, ...settings }
    this.#said.touch()
    this.#changedByUser()
  }

  rename(title: string): void {
    this.#said.title = title
    this.#said.touch()
    this.#changedByUser()
  }

  export(): Conversation {
    this.#answers.fill()
    return this.#said.export()
  }

  dispose(): void {
    this.#answers.end()
    this.#unwatch?.()
  }

  #find(id: string | undefined): Message | undefined {
    return this.#said.messages.get(id ?? this.#said.leaf ?? '')
  }

  #say(text: string, parent: string | undefined): Promise<void> {
    const user = this.#options.newId()
    this.#said.say(user, text, parent)
    return this.#ask(user)
  }

  #ask(parent: string): Promise<void> {
    return this.#answers.read(this.#said.expect(this.#options.newId(), parent), false)
  }

  async #sendNext(): Promise<void> {
    const [next, ...later] = this.#queue
    if (next === undefined || this.#answers.isBusy) return
    this.#queue = later
    await this.send(next, false)
  }

  #changedByUser(): void {
    this.#changed()
    this.#answers.keeping.soon()
  }

  #changed(): void {
    this.#answers.fill()
    const { id, title, path, settings, updatedAt } = this.#said
    const status = !this.#isLoaded ? 'loading' : this.#answers.isBusy ? 'busy' : 'ready'
    this.#onChange({ id, title, status, messages: path, queue: this.#queue, settings, updatedAt })
  }
}
