import { SHF } from '../elf/definitions.ts'

/**
 * Which of its three areas Xen's loader copies a section to.
 *
 * `code` is executable, `constant` read-only, `data` writable. `unsupported` sections are both
 * writable and executable, or have flags whose meaning the loader does not carry out.
 */
export type SectionArea = 'code' | 'constant' | 'data' | 'unsupported' | 'not-loaded'

/** What the loader looks at, and what it may ignore because nothing is linked further. */
const UNDERSTOOD = SHF.WRITE | SHF.ALLOC | SHF.EXECINSTR | SHF.MERGE | SHF.STRINGS | SHF.INFO_LINK

export function sectionArea(flags: bigint): SectionArea {
  if ((flags & SHF.ALLOC) === 0n) return 'not-loaded'
  if ((flags & ~UNDERSTOOD) !== 0n) return 'unsupported'
  const writable = (flags & SHF.WRITE) !== 0n
  const executable = (flags & SHF.EXECINSTR) !== 0n
  if (writable && executable) return 'unsupported'
  if (executable) return 'code'
  return writable ? 'data' : 'constant'
}
