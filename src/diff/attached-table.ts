import type { ElfSection } from '../elf/elf-file.ts'
import type { RawReference } from './raw-reference.ts'

/** One entry of a table, with the references of its fields by their place in the entry. */
export interface TableEntry {
  readonly start: number
  readonly byteLength: number
  readonly fields: ReadonlyMap<number, RawReference>
}

export type TableKind = 'alternatives' | 'bug-frames' | 'exceptions' | 'call-sites'

const FIELD_BYTES = 4

/** Which table a section holds, or undefined if it holds none. */
export function tableKind(name: string): TableKind | undefined {
  if (name === '.altinstructions') return 'alternatives'
  if (name === '.ex_table') return 'exceptions'
  if (name === '.alt_call_sites') return 'call-sites'
  return name.startsWith('.bug_frames.') ? 'bug-frames' : undefined
}

/**
 * The entries of a table, or undefined where its relocations do not lie as expected.
 *
 * Entries begin with two 32-bit distances. How far they are apart is told by the relocations,
 * except for bug frames: those of asserts carry a third distance at 12 and have 16 bytes
 * (xen/arch/x86/include/asm/bug.h, 4.17). Of a call site there is the distance to it and no more
 * (xen/arch/x86/include/asm/alternative-call.h, 4.21).
 */
export function readTable(
  section: ElfSection,
  references: readonly RawReference[],
): readonly TableEntry[] | undefined {
  const length = Number(section.byteLength)
  if (length === 0) return []
  const layout = layoutOf(section.name, references, length)
  if (layout === undefined) return undefined
  const { entryBytes, fieldsAt } = layout
  if (entryBytes < fieldsAt.length * FIELD_BYTES || length % entryBytes !== 0) return undefined
  if (references.length !== (length / entryBytes) * fieldsAt.length) return undefined
  const byPlace = new Map(references.map((reference) => [reference.at, reference]))
  const entries: TableEntry[] = []
  for (let start = 0; start < length; start += entryBytes) {
    const fields = new Map<number, RawReference>()
    for (const at of fieldsAt) {
      const reference = byPlace.get(start + at)
      if (reference === undefined) return undefined
      fields.set(at, reference)
    }
    entries.push({ start, byteLength: entryBytes, fields })
  }
  return entries
}

function layoutOf(
  name: string,
  references: readonly RawReference[],
  length: number,
): { readonly entryBytes: number; readonly fieldsAt: readonly number[] } | undefined {
  switch (tableKind(name)) {
    case 'alternatives': {
      const second = references[2]?.at ?? length
      return { entryBytes: second, fieldsAt: [0, 4] }
    }
    case 'exceptions':
      return { entryBytes: 8, fieldsAt: [0, 4] }
    case 'call-sites':
      return { entryBytes: FIELD_BYTES, fieldsAt: [0] }
    case 'bug-frames':
      return name === '.bug_frames.3'
        ? { entryBytes: 16, fieldsAt: [0, 4, 12] }
        : { entryBytes: 8, fieldsAt: [0, 4] }
    case undefined:
      return undefined
  }
}

// xen/arch/x86/include/asm/bug.h: each distance has 24 bits, and the bits above hold a part of the
// line number. Both distances count from the entry, so the second field's addend is 4 larger.
const DISTANCE_MASK = 0xffffff

/**
 * A bug frame's field with its target freed from the packed line number, which stays in the
 * addend: what is written in the end is the same to the bit.
 */
export function unpackBugField(raw: RawReference, field: number): RawReference {
  if (raw.target.kind !== 'place') return raw
  const packed = raw.target.offset
  const offset = (packed - field) & DISTANCE_MASK
  return {
    ...raw,
    addend: raw.addend + BigInt(packed - offset),
    target: { ...raw.target, offset },
  }
}

/** The part of a bug frame's addend that is no line number. */
export function distanceOfAddend(addend: bigint): bigint {
  return BigInt.asUintN(24, addend)
}

// Lengths in an entry of `.altinstructions` (xen/arch/x86/include/asm/alternative.h: alt_instr).
export const ORIGINAL_LENGTH_AT = 10
export const REPLACEMENT_LENGTH_AT = 11
export const PADDING_LENGTH_AT = 12
