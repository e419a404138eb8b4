import { readFileSync } from 'node:fs'

/**
 * What a file says by which a process tells its successors what it took.
 *
 * Undefined for one that was cut: its writer was killed, or had no space, before it went on.
 */
export function readRunRecord(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
