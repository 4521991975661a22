import { close, fdatasync, fsync, ftruncate, open, read, write } from 'node:fs'

/**
 * The few file operations that the file log's safety rests on. Tests put a disk in its place that is
 * full, slow or broken.
 */
export interface Disk {
  /** Opens a file; gives its descriptor. */
  open(path: string, flags: string): Promise<number>
  /** Writes all of it, from the start of the buffer, to this place in the file. */
  write(fd: number, buffer: Uint8Array, length: number, at: number): Promise<void>
  /** Reads so many bytes from this place; gives how many there were. */
  read(fd: number, buffer: Uint8Array, at: number): Promise<number>
  /** Returns when everything written survives power loss. */
  sync(fd: number): Promise<void>
  /** Returns when the names of the files in a directory survive power loss. */
  syncNames(dir: string): Promise<void>
  truncate(fd: number, length: number): Promise<void>
  close(fd: number): Promise<void>
}

/** The real disk. Plain descriptors: a group commit is a thousand writes a second, each with one promise. */
export const nodeDisk: Disk = {
  open: (path, flags) =>
    new Promise((resolve, reject) => open(path, flags, 0o600, (error, fd) => (error ? reject(error) : resolve(fd)))),
  write: (fd, buffer, length, at) =>
    new Promise((resolve, reject) => {
      // A full disk often takes a part first and refuses the rest.
      const step = (from: number): void =>
        write(fd, buffer, from, length - from, at + from, (error, count) => {
          if (error) reject(error)
          else if (from + count < length) step(from + count)
          else resolve()
        })
      step(0)
    }),
  read: (fd, buffer, at) =>
    new Promise((resolve, reject) => {
      const step = (from: number): void =>
        read(fd, buffer, from, buffer.length - from, at + from, (error, count) => {
          if (error) reject(error)
          else if (count === 0 || from + count === buffer.length) resolve(from + count)
          else step(from + count)
        })
      step(0)
    }),
  sync: (fd) => new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
  syncNames: async (dir) => {
    const fd = await nodeDisk.open(dir, 'r')
    try {
      await new Promise<void>((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())))
    } finally {
      await nodeDisk.close(fd)
    }
  },
  truncate: (fd, length) =>
    new Promise((resolve, reject) => ftruncate(fd, length, (error) => (error ? reject(error) : resolve()))),
  close: (fd) => new Promise((resolve, reject) => close(fd, (error) => (error ? reject(error) : resolve()))),
}
