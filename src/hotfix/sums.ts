import type { Sha256 } from './bundle.ts'
import type { ArchiveMember } from './tar.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'

/** The list of the members' sums, in their order, as `sha256sum` writes it. */
export function encodeSums(members: readonly ArchiveMember[], sha256: Sha256): Uint8Array {
  return utf8Bytes(members.map(({ name, bytes }) => `${sha256(bytes)}  ${name}\n`).join(''))
}

/** The sums by name, or undefined where the bytes are no such list. */
export function readSums(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  if (bytes.byteLength > LONGEST) return undefined
  const lines = utf8Text(bytes)?.split('\n')
  if (lines?.pop() !== '') return undefined
  const sums = new Map<string, string>()
  for (const line of lines) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}([!-~]+)$/.exec(line) ?? []
    if (sum === undefined || name === undefined || sums.has(name)) return undefined
    sums.set(name, sum)
  }
  return sums
}

/** Bytes: far more than a line for each member that there can be. */
const LONGEST = 4096
