/**
 * What the write under way carries of a stream. Each open stream has one and uses it again: one for every token would
 * be alive while the disk writes, and so be what the garbage collector has to move (decision 0015).
 */
export class Flight {
  isUnderWay = false
  /** Newest offset that will be safe. */
  saved = -1
  /** Whether it says what stream this is. */
  opens = false
  /** Whether it repeats all that only the journal's oldest segment might hold. */
  moves = false
  ends = false
  erases = false

  /** A write begins; `saved`: the newest offset that is safe already. */
  begin(saved: number): void {
    this.isUnderWay = true
    this.saved = saved
    this.opens = this.moves = this.ends = this.erases = false
  }

  /** The write is over. False when there was none. */
  end(): boolean {
    const was = this.isUnderWay
    this.isUnderWay = false
    return was
  }
}
