import { advance, type VirtualAddress } from '../address/address.ts'
import { copyBytes } from '../address/copy-bytes.ts'
import { R_X86_64 } from '../elf/definitions.ts'
import type { ElfSection } from '../elf/elf-file.ts'
import { viewOf } from '../elf/struct-layout.ts'
import { type AlternativeEntry, distanceTarget, readAlternatives } from './alternatives.ts'
import { fillHole, type Link, targetAddress } from './fill-hole.ts'
import type { LinkedAlternative, LinkedSection } from './linked-payload.ts'
import { CALL_SITES, REPLACEMENTS } from './livepatch-format.ts'

/** The entries of `.altinstructions` whose code is among `sections`. */
export function linkAlternatives(
  link: Link,
  sections: readonly LinkedSection[],
): LinkedAlternative[] {
  const read = readAlternatives(link.elf, link.references)
  if (read.kind === 'refused') {
    link.refuse({ kind: 'alternative-unsupported', entry: 0, why: 'it was not read before' })
    return []
  }
  const holder = link.elf.sections.find(({ name }) => name === REPLACEMENTS)
  return read.entries.flatMap((entry, index) => {
    const section = sections.find((each) => each.section === entry.section)
    // Nothing reaches the code that the entry is about.
    if (section === undefined || holder?.bytes === undefined) return []
    return linkAlternative(link, entry, index, section, holder)
  })
}

function linkAlternative(
  link: Link,
  entry: AlternativeEntry,
  index: number,
  section: LinkedSection,
  holder: ElfSection,
): LinkedAlternative[] {
  const site = advance(section.start, entry.offset)
  const from = entry.replacementOffset
  const end = from + entry.replacementByteLength
  const replacement = copyBytes(holder.bytes ?? new Uint8Array(), from, end)
  const refuse = (why: string): LinkedAlternative[] => {
    link.refuse({ kind: 'alternative-unsupported', entry: index, why })
    return []
  }
  const isBranch = replacement.length >= 5 && (replacement[0] ?? 0) >> 1 === BRANCH_REL32 >> 1
  let isBranchLinked = false
  for (const relocation of link.references.in(holder.index)) {
    const at = Number(relocation.offset) - from
    if (at < 0 || at >= replacement.length) continue
    const isRelative = relocation.type !== R_X86_64[64] && relocation.type !== R_X86_64.NONE
    // Xen moves the displacement of a first branch along to the site, and nothing else.
    if (isRelative && !(isBranch && at === 1)) {
      return refuse('its replacement depends on where it lies')
    }
    if (at === 1) isBranchLinked = true
    const target = targetAddress(link, relocation, REPLACEMENTS)
    if (target === undefined) return []
    const where = { section: REPLACEMENTS, offset: Number(relocation.offset) }
    fillHole(link, replacement, at, relocation.type, target, advance(site, at), where)
  }
  const pointer =
    isBranch && !isBranchLinked && isBranchToItself(replacement, entry)
      ? branchPointer(section, entry.offset, replacement)
      : undefined
  if (isBranch && !isBranchLinked && pointer === undefined) {
    return refuse('its replacement branches to another one')
  }
  const { offset, siteByteLength, padByteLength, feature, negated } = entry
  return [
    {
      site,
      section: entry.section,
      offset,
      siteByteLength,
      padByteLength,
      replacement,
      feature,
      negated,
      pointer,
    },
  ]
}

/** `call rel32`; with its lowest bit set, `jmp rel32`. */
const BRANCH_REL32 = 0xe8

/** How an entry asks for a direct branch in place of an indirect one. */
function isBranchToItself(replacement: Uint8Array, entry: AlternativeEntry): boolean {
  return viewOf(replacement).getInt32(1, true) === -5 && entry.siteByteLength >= CALL_BYTES
}

/**
 * Where the pointer lies through which the site calls or jumps, if it does so near `%rip` as Xen
 * wants it (xen/arch/x86/alternative.c, `_apply_alternatives`).
 */
function branchPointer(
  section: LinkedSection,
  offset: number,
  replacement: Uint8Array,
): VirtualAddress | undefined {
  const modrm = (replacement[0] ?? 0) === BRANCH_REL32 ? 0x15 : 0x25
  if (section.bytes[offset] !== 0xff || section.bytes[offset + 1] !== modrm) return undefined
  const displacement = viewOf(section.bytes).getInt32(offset + 2, true)
  return advance(section.start, offset + CALL_BYTES + displacement)
}

/** `ff 15` or `ff 25`, and a displacement. */
const CALL_BYTES = 6

/**
 * The entries of `.alt_call_sites` (since Xen 4.21) whose code is among `sections`, as alternatives
 * that boot and Xen's loader always apply (xen/arch/x86/alternative.c, `apply_alt_calls`).
 */
export function linkCallSites(link: Link, sections: readonly LinkedSection[]): LinkedAlternative[] {
  const table = link.elf.sections.find(({ name }) => name === CALL_SITES)
  const count = (table?.bytes?.length ?? 0) / CALL_SITE_BYTES
  if (table === undefined) return []
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const named = distanceTarget(link.references, table.index, index * CALL_SITE_BYTES)
    const section = sections.find((each) => each.section === named?.section)
    // Nothing reaches the code that the entry is about.
    if (named !== undefined && section === undefined) return []
    const isInside =
      section !== undefined &&
      named !== undefined &&
      named.offset >= 0 &&
      named.offset + CALL_BYTES <= section.byteLength
    const replacement = Uint8Array.of(BRANCH_REL32, 0, 0, 0, 0)
    const pointer = isInside ? branchPointer(section, named.offset, replacement) : undefined
    if (!isInside || pointer === undefined) {
      link.refuse({ kind: 'call-site-unsupported', entry: index })
      return []
    }
    return [
      {
        site: advance(section.start, named.offset),
        section: named.section,
        offset: named.offset,
        siteByteLength: CALL_BYTES,
        padByteLength: 0,
        replacement,
        feature: 0,
        negated: false,
        pointer,
      },
    ]
  })
}

/** `struct alt_call` (xen/arch/x86/include/asm/alternative-call.h). */
const CALL_SITE_BYTES = 4
