import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { tryLock } from '../xen/libc.ts'

export type LockOutcome =
  | { readonly kind: 'locked'; readonly unlock: () => void }
  /** `holder` is the process id that it wrote down, or undefined if it has not yet. */
  | { readonly kind: 'held'; readonly holder: number | undefined }

/**
 * Takes the one lock of this host, without waiting.
 *
 * Whoever reads or writes the hypervisor through a device holds it. The kernel frees it when the
 * process ends, however it ends.
 */
export function lockHost(runFolder: string): LockOutcome {
  mkdirSync(runFolder, { recursive: true, mode: 0o700 })
  const file = path.join(runFolder, 'lock')
  const handle = openSync(file, 'a+', 0o600)
  if (!tryLock(handle)) {
    closeSync(handle)
    const holder = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return { kind: 'held', holder: Number.isNaN(holder) ? undefined : holder }
  }
  writeFileSync(file, `${process.pid}\n`)
  return { kind: 'locked', unlock: () => closeSync(handle) }
}
