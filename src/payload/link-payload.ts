import { advance, type VirtualAddress } from '../address/address.ts'
import { copyBytes } from '../address/copy-bytes.ts'
import { R_X86_64 } from '../elf/definitions.ts'
import type { ElfFile, ElfRelocation, ElfSection } from '../elf/elf-file.ts'
import { viewOf } from '../elf/struct-layout.ts'
import type { Image } from '../image/image.ts'
import { type AlternativeEntry, readAlternatives } from './alternatives.ts'
import {
  BUG_FRAME_BYTES,
  BUG_FRAMES,
  EXCEPTION_BYTES,
  EXCEPTIONS,
  REPLACEMENTS,
} from './livepatch-format.ts'
import type { Payload, PayloadFunction } from './payload.ts'
import { payloadCode, type PayloadSection } from './payload-code.ts'
import { References } from './references.ts'
import { readXenNames, type XenNames } from './xen-names.ts'

/** A section with its final bytes. */
export interface LinkedSection extends PayloadSection {
  readonly start: VirtualAddress
  /** As many as `byteLength`, relocations applied; alternatives are not. */
  readonly bytes: Uint8Array
}

/** A function and where its new code begins. */
export interface LinkedFunction {
  readonly function: PayloadFunction
  readonly oldAddress: VirtualAddress
  /** Undefined where the payload puts NOPs over the function's first bytes. */
  readonly newAddress: VirtualAddress | undefined
}

/**
 * An entry of `.altinstructions`: what boot, or Xen's loader, would do to a site in the new code.
 *
 * Entries are in the order of the table, in which they are applied: a later one for the same site
 * goes over an earlier one.
 */
export interface LinkedAlternative {
  readonly site: VirtualAddress
  /** The section that the site lies in, and where in its bytes. */
  readonly section: number
  readonly offset: number
  /** The instructions as compiled, with the padding behind them: all that may be replaced. */
  readonly siteByteLength: number
  /** How many NOP bytes of the site are padding; 0 in the table's older form, which has none. */
  readonly padByteLength: number
  /** Linked for its place at the site; at most `siteByteLength`, NOPs fill the rest. */
  readonly replacement: Uint8Array
  /** The number of the CPU feature: 32 * word + bit, as Xen of that build counts them. */
  readonly feature: number
  /** Whether the replacement is for CPUs without the feature. */
  readonly negated: boolean
  /**
   * Set for an indirect branch of which Xen makes a direct one: where the pointer to the target
   * lies. `replacement` then has only its opcode right.
   */
  readonly pointer: VirtualAddress | undefined
}

/** Why a payload cannot be linked to the places given. */
export type LinkRefusal =
  | { readonly kind: 'section-without-place'; readonly section: string }
  | {
      readonly kind: 'place-misaligned'
      readonly section: string
      readonly found: VirtualAddress
      readonly wantedAlignment: number
    }
  | { readonly kind: 'symbol-not-found'; readonly symbol: string }
  | { readonly kind: 'symbol-ambiguous'; readonly symbol: string; readonly foundCount: number }
  | {
      readonly kind: 'relocation-unsupported'
      readonly section: string
      readonly offset: number
      readonly type: number
    }
  | {
      readonly kind: 'out-of-reach'
      readonly section: string
      readonly offset: number
      readonly target: bigint
    }
  | { readonly kind: 'alternative-unsupported'; readonly entry: number; readonly why: string }

export type PayloadLinked =
  | {
      readonly kind: 'linked'
      readonly sections: readonly LinkedSection[]
      readonly functions: readonly LinkedFunction[]
      readonly alternatives: readonly LinkedAlternative[]
      /** How many entries of `.bug_frames.*` and `.ex_table` the code wants to have registered. */
      readonly bugFrames: number
      readonly exceptions: number
    }
  | { readonly kind: 'refused'; readonly refusals: readonly LinkRefusal[] }

/**
 * The payload's code once its sections lie at `places`, by section index.
 *
 * `places` has one address for each section of `payloadCode`. Undefined symbols are resolved as
 * Xen's loader does, in the image alone. Nothing of the result is aware of a CPU: whoever writes
 * the code applies the alternatives first. `.alt_call_sites` (Xen 4.21) is left aside: the indirect
 * calls that it names work as they are.
 */
export function linkPayload(
  payload: Payload,
  places: ReadonlyMap<number, VirtualAddress>,
  image: Image,
): PayloadLinked {
  const refusals: LinkRefusal[] = []
  const link: Link = {
    elf: payload.elf,
    references: new References(payload.elf),
    names: readXenNames(image),
    places,
    refuse: (refusal) => refusals.push(refusal),
  }
  const sections = payloadCode(payload).flatMap((section) => linkSection(link, section))
  const functions = payload.functions.flatMap((func) => linkFunction(link, func))
  const alternatives = linkAlternatives(link, sections)
  if (refusals.length > 0) return { kind: 'refused', refusals }
  return {
    kind: 'linked',
    sections,
    functions,
    alternatives,
    bugFrames: entriesIn(payload.elf, (name) => BUG_FRAMES.test(name), BUG_FRAME_BYTES),
    exceptions: entriesIn(payload.elf, (name) => name === EXCEPTIONS, EXCEPTION_BYTES),
  }
}

interface Link {
  readonly elf: ElfFile
  readonly references: References
  readonly names: XenNames
  readonly places: ReadonlyMap<number, VirtualAddress>
  readonly refuse: (refusal: LinkRefusal) => void
}

function linkSection(link: Link, section: PayloadSection): LinkedSection[] {
  const start = link.places.get(section.section)
  if (start === undefined) {
    link.refuse({ kind: 'section-without-place', section: section.name })
    return []
  }
  if (start % BigInt(section.alignment) !== 0n) {
    const facts = { found: start, wantedAlignment: section.alignment }
    link.refuse({ kind: 'place-misaligned', section: section.name, ...facts })
    return []
  }
  const linked = link.elf.sections[section.section]?.bytes
  const bytes = linked === undefined ? new Uint8Array(section.byteLength) : copyBytes(linked)
  for (const relocation of link.references.in(section.section)) {
    const at = Number(relocation.offset)
    const where = { section: section.name, offset: at }
    const target = targetAddress(link, relocation, section.name)
    if (target === undefined) continue
    fillHole(link, bytes, at, relocation.type, target, advance(start, at), where)
  }
  return [{ ...section, start, bytes }]
}

/** S + A of the psABI's formulas, undefined once it is refused. */
function targetAddress(link: Link, relocation: ElfRelocation, section: string): bigint | undefined {
  const target = link.references.target(relocation)
  if (target === undefined) {
    const offset = Number(relocation.offset)
    link.refuse({ kind: 'relocation-unsupported', section, offset, type: relocation.type })
    return undefined
  }
  switch (target.kind) {
    case 'address':
      return target.address
    case 'section': {
      const place = link.places.get(target.section)
      if (place !== undefined) return place + BigInt(target.offset)
      const name = link.elf.sections[target.section]?.name ?? ''
      link.refuse({ kind: 'section-without-place', section: name })
      return undefined
    }
    case 'name': {
      const address = resolveName(link, target.name)
      return address === undefined ? undefined : address + target.addend
    }
  }
}

function resolveName(link: Link, symbol: string): VirtualAddress | undefined {
  const found = link.names.lookUp(symbol)
  switch (found.kind) {
    case 'found':
      return found.address
    case 'not-found':
      link.refuse({ kind: 'symbol-not-found', symbol })
      return undefined
    case 'ambiguous':
      link.refuse({ kind: 'symbol-ambiguous', symbol, foundCount: found.addresses.length })
      return undefined
  }
}

/** Fills one hole (psABI AMD64 4.4): 64 is S + A, PC32 and PLT32 are S + A - P. */
function fillHole(
  link: Link,
  bytes: Uint8Array,
  at: number,
  type: number,
  target: bigint,
  from: VirtualAddress,
  where: { readonly section: string; readonly offset: number },
): void {
  const view = viewOf(bytes)
  switch (type) {
    case R_X86_64.NONE:
      return
    case R_X86_64[64]:
      view.setBigUint64(at, BigInt.asUintN(64, target), true)
      return
    case R_X86_64.PC32:
    case R_X86_64.PLT32: {
      const displacement = BigInt.asIntN(64, target - from)
      if (BigInt.asIntN(32, displacement) === displacement) {
        view.setInt32(at, Number(displacement), true)
      } else {
        link.refuse({ kind: 'out-of-reach', ...where, target })
      }
      return
    }
    default:
      link.refuse({ kind: 'relocation-unsupported', ...where, type })
  }
}

function linkFunction(link: Link, func: PayloadFunction): LinkedFunction[] {
  const oldAddress = func.oldAddress ?? resolveName(link, func.name)
  if (oldAddress === undefined) return []
  if (func.code === undefined) return [{ function: func, oldAddress, newAddress: undefined }]
  const place = link.places.get(func.code.section)
  // Its section was refused for want of a place.
  if (place === undefined) return []
  return [{ function: func, oldAddress, newAddress: advance(place, func.code.offset) }]
}

function linkAlternatives(link: Link, sections: readonly LinkedSection[]): LinkedAlternative[] {
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
    isBranch && !isBranchLinked ? branchPointer(section, entry, replacement) : undefined
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

/**
 * Where the pointer lies, if the entry asks for a direct branch in place of an indirect one: the
 * replacement branches to itself, and the site holds `call` or `jmp` through a pointer near `%rip`
 * (xen/arch/x86/alternative.c, `_apply_alternatives`).
 */
function branchPointer(
  section: LinkedSection,
  entry: AlternativeEntry,
  replacement: Uint8Array,
): VirtualAddress | undefined {
  if (viewOf(replacement).getInt32(1, true) !== -5 || entry.siteByteLength < 6) return undefined
  const { offset } = entry
  const modrm = (replacement[0] ?? 0) === BRANCH_REL32 ? 0x15 : 0x25
  if (section.bytes[offset] !== 0xff || section.bytes[offset + 1] !== modrm) return undefined
  const displacement = viewOf(section.bytes).getInt32(offset + 2, true)
  return advance(section.start, offset + 6 + displacement)
}

function entriesIn(elf: ElfFile, isTable: (name: string) => boolean, entryBytes: number): number {
  const sizes = elf.sections
    .filter(({ name }) => isTable(name))
    .map(({ byteLength }) => Number(byteLength))
  return sizes.reduce((sum, byteLength) => sum + byteLength, 0) / entryBytes
}
