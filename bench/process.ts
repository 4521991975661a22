import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Linux counts process times in hundredths of a second wherever Node runs. */
const TICKS_PER_SECOND = 100

/** A started server. */
export interface Running {
  /** Where the load goes. */
  readonly port: number
  /** The process that is measured, with its descendants; undefined where there is nothing to measure. */
  readonly pid: number | undefined
  /** The key it wants to see, if it wants one. */
  readonly key?: string | undefined
  stop(): Promise<void>
}

/** Seconds each core has spent, since boot. */
export interface CoreTimes {
  readonly busy: number
  readonly total: number
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server's address is never a pipe name or null.
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Starts a server on one core and waits until it accepts connections.
 *
 * @param core the core it is pinned to; undefined leaves it to the scheduler.
 * @throws Error with the process's own words if it exits or does not listen within 15 s.
 */
export async function startServer(
  core: number | undefined,
  port: number,
  command: readonly [string, ...string[]],
  dispose: () => void = () => {},
): Promise<Running> {
  const [file, ...args] = core === undefined ? command : (['taskset', '-c', String(core), ...command] as const)
  // A bare environment: a provider key of the user's would change what a gateway does.
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production' }
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const hear = (text: Buffer): void => void (said = (said + text.toString()).slice(-4000))
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  let failure: string | undefined
  child.once('error', (error) => (failure = error.message))
  child.once('exit', (code, signal) => (failure = `exited with ${signal ?? code}`))
  const stop = (): Promise<void> => stopChild(child).finally(dispose)

  const deadline = performance.now() + 15_000
  while (!(await accepts(port))) {
    if (failure === undefined && performance.now() < deadline) continue
    await stop()
    throw new Error(`${command.join(' ')}: ${failure ?? 'does not listen'}\n${said}`)
  }
  return { port, pid: child.pid, stop }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => setTimeout(resolve, 20, false))
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 1000)
  await gone
  clearTimeout(kill)
}

/** The process and its descendants: nginx works in a child of the process that was started. */
export function processTree(pid: number): number[] {
  const tree = [pid]
  for (const parent of tree) {
    for (const thread of readdirSync(`/proc/${parent}/task`)) {
      const children = readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8').trim()
      if (children !== '') tree.push(...children.split(' ').map(Number))
    }
  }
  return tree
}

/** Seconds of CPU, user and kernel, of a process and its descendants since their start. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const each of processTree(pid)) {
    const stat = readFileSync(`/proc/${each}/stat`, 'utf8')
    // The name, field 2, may hold spaces and brackets: count from its end. 14 is utime, 15 stime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS_PER_SECOND
}

/** Resident memory of a process and its descendants, in KB. */
export function residentKb(pid: number): number {
  let sum = 0
  for (const each of processTree(pid)) {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${each}/status`, 'utf8'))
    sum += Number(found?.[1] ?? 0)
  }
  return sum
}

/** What every core did since boot; index is the core's number. Time stolen by the hypervisor is busy time. */
export function coreTimes(): CoreTimes[] {
  const rows = readFileSync('/proc/stat', 'utf8').split('\n')
  return rows
    .filter((row) => /^cpu\d/.test(row))
    .map((row) => {
      // user nice system idle iowait irq softirq steal; the guest columns after them are counted in user.
      const times = row.split(/\s+/).slice(1, 9).map(Number)
      const total = times.reduce((sum, time) => sum + time, 0)
      const idle = (times[3] ?? 0) + (times[4] ?? 0)
      return { busy: (total - idle) / TICKS_PER_SECOND, total: total / TICKS_PER_SECOND }
    })
}

/** How many files this process may open; its children inherit it, and Node has raised it to the hard limit. */
export function openFileLimit(): number {
  const found = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))
  return Number(found?.[1] ?? 1024)
}
