import { type Clock, systemClock } from '../clock.ts'

/**
 * The real time, with timers that keep the process alive. For waits that somebody awaits: with
 * `systemClock` a script whose last open thing is such a wait would end in the middle of it.
 */
export const wakefulClock: Clock = {
  now: () => systemClock.now(),
  date: () => systemClock.date(),
  after(ms, fire) {
    const timer = setTimeout(fire, ms)
    return () => clearTimeout(timer)
  },
}
