import { R_X86_64 } from '../elf/definitions.ts'
import type { ElfFile } from '../elf/elf-file.ts'
import { viewOf } from '../elf/struct-layout.ts'
import { ALTERNATIVES, REPLACEMENTS } from './livepatch-format.ts'
import type { PayloadRefusal } from './payload-refusal.ts'
import type { References } from './references.ts'
import { sectionArea } from './section-area.ts'

/** An entry of a payload's `.altinstructions`. */
export interface AlternativeEntry {
  /** The site: a section of code, where in it, and how many bytes of it may be replaced. */
  readonly section: number
  readonly offset: number
  readonly siteByteLength: number
  readonly padByteLength: number
  /** Where the replacement lies in `.altinstr_replacement`. */
  readonly replacementOffset: number
  readonly replacementByteLength: number
  readonly feature: number
  readonly negated: boolean
}

export type AlternativesRead =
  | { readonly kind: 'read'; readonly entries: readonly AlternativeEntry[] }
  | { readonly kind: 'refused'; readonly refusal: PayloadRefusal }

/** `struct alt_instr`: 12 bytes up to Xen 4.10, and 14 since, with the padding's length. */
const ENTRY_BYTES: readonly number[] = [12, 14]

/** `ALT_FLAG_NOT`, since Xen 4.17; no release before it has as many features. */
const NEGATED = 0x8000

/** `MAX_PATCH_LEN` (xen/arch/x86/alternative.c). */
const MAX_SITE_BYTES = 254

/**
 * Reads `.altinstructions`.
 *
 * The table does not tell how long its entries are, but each begins with two distances, which take
 * one relocation each: how far these are apart tells it. What Xen's loader does not check and then
 * stops the machine for (a replacement longer than its site) is refused.
 */
export function readAlternatives(elf: ElfFile, references: References): AlternativesRead {
  const table = elf.sections.find(({ name }) => name === ALTERNATIVES)
  if (table?.bytes === undefined || table.bytes.length === 0) return { kind: 'read', entries: [] }
  const replacements = elf.sections.find(({ name }) => name === REPLACEMENTS)
  if (replacements === undefined) {
    return refused({ kind: 'section-missing', section: REPLACEMENTS })
  }
  const relocations = references.in(table.index)
  const third = relocations[2]?.offset
  const entryBytes = third === undefined ? table.bytes.length : Number(third)
  if (!ENTRY_BYTES.includes(entryBytes) || table.bytes.length % entryBytes !== 0) {
    const wanted = 'entries of 12 or 14 bytes with two relocations each'
    const foundBytes = BigInt(table.bytes.length)
    return refused({ kind: 'bad-section-size', section: ALTERNATIVES, foundBytes, wanted })
  }
  const view = viewOf(table.bytes)
  const count = table.bytes.length / entryBytes
  if (relocations.length !== 2 * count) {
    return refused({ kind: 'bad-alternative', entry: count, found: 'has too many relocations' })
  }
  const entries: AlternativeEntry[] = []
  for (let entry = 0; entry < count; entry += 1) {
    const at = entry * entryBytes
    const refuse = (found: string): AlternativesRead =>
      refused({ kind: 'bad-alternative', entry, found })
    const site = distanceTarget(references, table.index, at)
    const replacement = distanceTarget(references, table.index, at + 4)
    if (site === undefined || replacement === undefined) {
      return refuse('does not name its site and its replacement by distances')
    }
    const feature = view.getUint16(at + 8, true)
    const oldByteLength = view.getUint8(at + 10)
    const replacementByteLength = view.getUint8(at + 11)
    const padByteLength = entryBytes === 14 ? view.getUint8(at + 12) : 0
    if (entryBytes === 14 && view.getUint8(at + 13) !== 0) return refuse('is marked as done')
    const siteByteLength = oldByteLength + padByteLength
    const holder = elf.sections[site.section]
    if (
      holder === undefined ||
      sectionArea(holder.flags) !== 'code' ||
      site.offset < 0 ||
      site.offset + siteByteLength > Number(holder.byteLength)
    ) {
      return refuse('has its site outside the code of the payload')
    }
    if (
      replacement.section !== replacements.index ||
      replacement.offset < 0 ||
      replacement.offset + replacementByteLength > Number(replacements.byteLength)
    ) {
      return refuse(`has its replacement outside ${REPLACEMENTS}`)
    }
    if (replacementByteLength > siteByteLength || siteByteLength > MAX_SITE_BYTES) {
      return refuse(
        `has ${replacementByteLength} bytes for a site of ${siteByteLength}, at most ${MAX_SITE_BYTES}`,
      )
    }
    entries.push({
      ...site,
      siteByteLength,
      padByteLength,
      replacementOffset: replacement.offset,
      replacementByteLength,
      feature: feature & ~NEGATED,
      negated: (feature & NEGATED) !== 0,
    })
  }
  return { kind: 'read', entries }
}

/** Where a distance that is counted from its own place leads. */
export function distanceTarget(
  references: References,
  section: number,
  at: number,
): { readonly section: number; readonly offset: number } | undefined {
  const relocation = references.at(section, at)
  if (relocation?.type !== R_X86_64.PC32) return undefined
  const target = references.target(relocation)
  return target?.kind === 'section' ? { section: target.section, offset: target.offset } : undefined
}

function refused(refusal: PayloadRefusal): AlternativesRead {
  return { kind: 'refused', refusal }
}
