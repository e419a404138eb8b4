import { advance, type VirtualAddress } from '../address/address.ts'
import { copyBytes } from '../address/copy-bytes.ts'
import type { ElfFile } from '../elf/elf-file.ts'
import type { Image } from '../image/image.ts'
import { fillHole, type Link, resolveName, targetAddress } from './fill-hole.ts'
import { linkAlternatives, linkCallSites } from './link-alternatives.ts'
import type { LinkRefusal } from './link-refusal.ts'
import type { LinkedAlternative, LinkedFunction, LinkedSection } from './linked-payload.ts'
import { BUG_FRAME_BYTES, BUG_FRAMES, EXCEPTION_BYTES, EXCEPTIONS } from './livepatch-format.ts'
import type { Payload, PayloadFunction } from './payload.ts'
import { payloadCode, type PayloadSection } from './payload-code.ts'
import { References } from './references.ts'
import { readXenNames } from './xen-names.ts'

export type { LinkRefusal } from './link-refusal.ts'
export type { LinkedAlternative, LinkedFunction, LinkedSection } from './linked-payload.ts'

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
 * the code applies the alternatives first.
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
  const alternatives = [...linkAlternatives(link, sections), ...linkCallSites(link, sections)]
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

function linkFunction(link: Link, func: PayloadFunction): LinkedFunction[] {
  const oldAddress = func.oldAddress ?? resolveName(link, func.name)
  if (oldAddress === undefined) return []
  if (func.code === undefined) return [{ function: func, oldAddress, newAddress: undefined }]
  const place = link.places.get(func.code.section)
  // Its section was refused for want of a place.
  if (place === undefined) return []
  return [{ function: func, oldAddress, newAddress: advance(place, func.code.offset) }]
}

function entriesIn(elf: ElfFile, isTable: (name: string) => boolean, entryBytes: number): number {
  const sizes = elf.sections
    .filter(({ name }) => isTable(name))
    .map(({ byteLength }) => Number(byteLength))
  return sizes.reduce((sum, byteLength) => sum + byteLength, 0) / entryBytes
}
