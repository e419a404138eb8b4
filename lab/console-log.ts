import { closeSync, openSync, readSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LabError } from './lab-error.ts'

const POLL_MS = 200
const LAST_LINES = 20

export interface ConsoleWait {
  readonly machine: string
  readonly file: string
  /** Where this boot's output begins in the file. */
  readonly fromByte: number
  /** What is waited for. */
  readonly line: string
  readonly timeoutMs: number
  /** Settles when QEMU is gone: then nothing will come any more. */
  readonly exited: Promise<string>
  /** Gets the time that has passed and the newest line of the console, time and again. */
  readonly progress: (line: string) => void
}

/**
 * Waits until the console shows a line.
 *
 * @throws LabError `boot-timed-out` or `boot-failed`, with the console's last lines
 */
export async function waitForConsoleLine(wait: ConsoleWait): Promise<void> {
  const startedAt = Date.now()
  const deadline = startedAt + wait.timeoutMs
  let gone: string | undefined
  void wait.exited.then((how) => (gone = how))
  for (;;) {
    const ended = gone
    const text = consoleText(wait.file, wait.fromByte)
    if (withoutXenLines(text).includes(wait.line)) return
    const seconds = Math.floor((Date.now() - startedAt) / 1000)
    wait.progress(`${seconds} s: ${lastLines(text, 1)}`)
    const tail = `The console's last lines:\n${lastLines(text, LAST_LINES)}`
    if (ended !== undefined) {
      throw new LabError('boot-failed', `${wait.machine} went down (${ended}). ${tail}`)
    }
    if (Date.now() > deadline) {
      throw new LabError(
        'boot-timed-out',
        `${wait.machine} did not print '${wait.line}' within ${wait.timeoutMs} ms. ${tail}`,
      )
    }
    await sleep(POLL_MS)
  }
}

/** What the console file holds from a byte on; empty while there is no file. */
export function consoleText(file: string, fromByte = 0): string {
  try {
    if (fromByte === 0) return readFileSync(file, 'utf8')
    const length = Math.max(statSync(file).size - fromByte, 0)
    const bytes = Buffer.alloc(length)
    const descriptor = openSync(file, 'r')
    try {
      return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, length, fromByte))
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw cause
  }
}

/** The last lines that are not blank. */
export function lastLines(text: string, count: number): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  return lines.slice(-count).join('\n')
}

/**
 * The console without Xen's own messages. Xen may print one in the middle of a line of Dom0's,
 * which this puts together again.
 */
export function withoutXenLines(text: string): string {
  return text.replaceAll(/\(XEN\)[^\n]*\n/g, '')
}
