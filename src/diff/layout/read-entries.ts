import {
  type Abbreviation,
  type AbbreviationTable,
  type AttributeSpec,
  readAbbreviations,
} from './abbreviations.ts'
import { ByteCursor } from './byte-cursor.ts'
import type { DebugSections } from './debug-sections.ts'
import { AT, FORM, OP_ADDR, OP_PLUS_UCONST, TAG, UNIT_TYPES } from './dwarf.ts'

/** One entry of DWARF that is a type, part of one or a variable, with what layouts depend on. */
export interface TypeEntry {
  /** Where it begins in `.debug_info`: its identity. */
  readonly at: number
  readonly tag: number
  readonly name: string | undefined
  /** The entry of its type, by place. */
  readonly type: number | undefined
  readonly byteSize: number | undefined
  readonly bitSize: number | undefined
  /** DWARF 3's way to place a bit-field, from the high end of its storage unit. */
  readonly bitOffset: number | undefined
  readonly dataBitOffset: number | undefined
  /** Of a member: its place, in bytes. */
  readonly memberAt: number | undefined
  readonly upperBound: bigint | undefined
  readonly count: bigint | undefined
  readonly encoding: number | undefined
  /** Of an enumerator. */
  readonly constant: bigint | undefined
  /** Of a variable: whether it is always at one place. */
  readonly isStatic: boolean
  /** Of a variable: the entry that declares it, with its name and type. */
  readonly declaredAt: number | undefined
  /** Only named here: the type is not complete. */
  readonly isDeclaration: boolean
  /** Members, enumerators and subranges, in their order. */
  readonly parts: readonly TypeEntry[]
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type EntryInMaking = Writable<Omit<TypeEntry, 'parts'>> & { parts: TypeEntry[] }

interface Unit {
  readonly at: number
  readonly version: number
  readonly abbreviations: AbbreviationTable
}

const KEPT: ReadonlySet<number> = new Set<number>(Object.values(TAG))
const PARTS: ReadonlySet<number> = new Set<number>([TAG.member, TAG.enumerator, TAG.subrange_type])
const USED: ReadonlySet<number> = new Set<number>(Object.values(AT))
/** Their other attributes may be of forms that a type's never are. */
const USED_OF_VARIABLES: ReadonlySet<number> = new Set<number>([
  AT.name,
  AT.type,
  AT.location,
  AT.specification,
])

/**
 * Reads every type and variable of the object, those inside functions too. Throws `DebugInfoFault`.
 *
 * Other entries are passed over without reading their attributes.
 */
export function readTypeEntries(sections: DebugSections): ReadonlyMap<number, TypeEntry> {
  const reader = new EntryReader(sections)
  const cursor = new ByteCursor('.debug_info', sections.info, 0)
  while (!cursor.isAtEnd) reader.readUnit(cursor)
  return reader.entries
}

class EntryReader {
  readonly entries = new Map<number, TypeEntry>()
  readonly #sections: DebugSections
  readonly #tables = new Map<number, AbbreviationTable>()
  readonly #strings = new Map<number, string>()

  constructor(sections: DebugSections) {
    this.#sections = sections
  }

  /** DWARF 5, 7.5.1: a unit's header and entries; DWARF 4 has no unit type. */
  readUnit(outer: ByteCursor): void {
    const at = outer.at
    const byteLength = outer.u32()
    if (byteLength >= 0xffff_fff0) outer.fault('a unit of 64-bit DWARF', 'one of 32-bit DWARF')
    const start = outer.at
    outer.skip(byteLength)
    const cursor = new ByteCursor('.debug_info', this.#sections.info, start, outer.at)
    const version = cursor.u16()
    if (version !== 4 && version !== 5) cursor.fault(`DWARF version ${version}`, '4 or 5')
    if (version === 5) {
      const type = cursor.u8()
      if (type !== UNIT_TYPES.compile && type !== UNIT_TYPES.partial) {
        cursor.fault(`a unit of type ${type}`, 'one that was compiled')
      }
      cursor.skip(1)
    }
    const tableAt = cursor.u32()
    if (version === 4) cursor.skip(1)
    this.#readEntries(cursor, { at, version, abbreviations: this.#tableAt(tableAt) })
  }

  #readEntries(cursor: ByteCursor, unit: Unit): void {
    /** The open entries; undefined where one is not kept. */
    const open: (EntryInMaking | undefined)[] = []
    while (!cursor.isAtEnd) {
      const at = cursor.at
      const code = cursor.uleb()
      if (code === 0) {
        open.pop()
        continue
      }
      const abbreviation = unit.abbreviations.get(code)
      if (abbreviation === undefined) cursor.fault(`abbreviation ${code}`, 'one of its table')
      const entry = this.#readEntry(cursor, { at, abbreviation, unit })
      if (entry !== undefined) {
        this.entries.set(at, entry)
        if (PARTS.has(entry.tag)) open.at(-1)?.parts.push(entry)
      }
      if (abbreviation.hasChildren) open.push(entry)
    }
  }

  #readEntry(
    cursor: ByteCursor,
    { at, abbreviation, unit }: { at: number; abbreviation: Abbreviation; unit: Unit },
  ): EntryInMaking | undefined {
    if (!KEPT.has(abbreviation.tag)) {
      for (const spec of abbreviation.attributes) skipValue(cursor, spec.form)
      return undefined
    }
    const entry: EntryInMaking = { ...EMPTY, at, tag: abbreviation.tag, parts: [] }
    const used = entry.tag === TAG.variable ? USED_OF_VARIABLES : USED
    for (const spec of abbreviation.attributes) {
      if (used.has(spec.attribute)) this.#readAttribute(cursor, spec, { entry, unit })
      else skipValue(cursor, spec.form)
    }
    return entry
  }

  #readAttribute(
    cursor: ByteCursor,
    spec: AttributeSpec,
    { entry, unit }: { entry: EntryInMaking; unit: Unit },
  ): void {
    switch (spec.attribute) {
      case AT.name:
        entry.name = this.#readString(cursor, spec.form)
        return
      case AT.type:
        entry.type = readReference(cursor, spec.form, unit)
        return
      case AT.byte_size:
        entry.byteSize = readCount(cursor, spec)
        return
      case AT.bit_size:
        entry.bitSize = readCount(cursor, spec)
        return
      case AT.bit_offset:
        entry.bitOffset = readCount(cursor, spec)
        return
      case AT.data_bit_offset:
        entry.dataBitOffset = readCount(cursor, spec)
        return
      case AT.data_member_location:
        entry.memberAt = readCount(cursor, spec)
        return
      case AT.encoding:
        entry.encoding = readCount(cursor, spec)
        return
      case AT.upper_bound:
        entry.upperBound = readBound(cursor, spec)
        return
      case AT.count:
        entry.count = readBound(cursor, spec)
        return
      case AT.const_value:
        entry.constant = readConstant(cursor, spec)
        return
      case AT.location:
        entry.isStatic = readIsAddress(cursor, spec.form)
        return
      case AT.specification:
        entry.declaredAt = readReference(cursor, spec.form, unit)
        return
      case AT.declaration:
        entry.isDeclaration = spec.form === FORM.flag_present || cursor.u8() !== 0
        return
      default:
        skipValue(cursor, spec.form)
    }
  }

  #readString(cursor: ByteCursor, form: number): string {
    if (form === FORM.string) return cursor.string()
    if (form === FORM.strp) return this.#stringAt('.debug_str', this.#sections.str, cursor.u32())
    if (form === FORM.line_strp) {
      return this.#stringAt('.debug_line_str', this.#sections.lineStr, cursor.u32())
    }
    return cursor.fault(`a name of form ${form}`, 'one that is a string')
  }

  #stringAt(section: string, bytes: Uint8Array, at: number): string {
    // Names come from .debug_str alone; those of files, from .debug_line_str, are hardly read.
    const key = section === '.debug_str' ? at : -1 - at
    const known = this.#strings.get(key)
    if (known !== undefined) return known
    const text = new ByteCursor(section, bytes, at).string()
    this.#strings.set(key, text)
    return text
  }

  #tableAt(at: number): AbbreviationTable {
    const known = this.#tables.get(at)
    if (known !== undefined) return known
    const table = readAbbreviations(this.#sections.abbrev, at)
    this.#tables.set(at, table)
    return table
  }
}

const EMPTY: Omit<TypeEntry, 'at' | 'tag' | 'parts'> = {
  name: undefined,
  type: undefined,
  byteSize: undefined,
  bitSize: undefined,
  bitOffset: undefined,
  dataBitOffset: undefined,
  memberAt: undefined,
  upperBound: undefined,
  count: undefined,
  encoding: undefined,
  constant: undefined,
  isStatic: false,
  declaredAt: undefined,
  isDeclaration: false,
}

/** DWARF 5, 7.5.5.6: references within the unit count from its header. */
function readReference(cursor: ByteCursor, form: number, unit: Unit): number {
  switch (form) {
    case FORM.ref1:
      return unit.at + cursor.u8()
    case FORM.ref2:
      return unit.at + cursor.u16()
    case FORM.ref4:
      return unit.at + cursor.u32()
    case FORM.ref_udata:
      return unit.at + cursor.uleb()
    case FORM.ref_addr:
      return cursor.u32()
    default:
      return cursor.fault(`a type of form ${form}`, 'one within the object')
  }
}

function readCount(cursor: ByteCursor, spec: AttributeSpec): number {
  const value =
    spec.form === FORM.exprloc ? readOffsetExpression(cursor) : readConstant(cursor, spec)
  const count = Number(value)
  if (count < 0 || !Number.isSafeInteger(count)) cursor.fault(`the number ${value}`, 'a count')
  return count
}

/** A bound that is not constant is that of an array of variable length: undefined. */
function readBound(cursor: ByteCursor, spec: AttributeSpec): bigint | undefined {
  if (isConstant(spec.form)) return readConstant(cursor, spec)
  skipValue(cursor, spec.form)
  return undefined
}

/** DWARF 5, 2.6: whether a place is one address; lists of places are of what moves. */
function readIsAddress(cursor: ByteCursor, form: number): boolean {
  if (form !== FORM.exprloc) {
    skipValue(cursor, form)
    return false
  }
  const byteLength = cursor.uleb()
  const first = byteLength === 0 ? undefined : cursor.bytes[cursor.at]
  cursor.skip(byteLength)
  return first === OP_ADDR
}

/** DWARF 5, 5.7.6: a member's place may be an expression; older compilers make this one. */
function readOffsetExpression(cursor: ByteCursor): bigint {
  const end = cursor.uleb() + cursor.at
  if (cursor.u8() !== OP_PLUS_UCONST) cursor.fault('an expression', 'DW_OP_plus_uconst')
  const value = cursor.uleb()
  if (cursor.at !== end) cursor.fault('an expression', 'DW_OP_plus_uconst alone')
  return BigInt(value)
}

function isConstant(form: number): boolean {
  switch (form) {
    case FORM.data1:
    case FORM.data2:
    case FORM.data4:
    case FORM.data8:
    case FORM.udata:
    case FORM.sdata:
    case FORM.implicit_const:
      return true
    default:
      return false
  }
}

function readConstant(cursor: ByteCursor, spec: AttributeSpec): bigint {
  switch (spec.form) {
    case FORM.data1:
      return BigInt(cursor.u8())
    case FORM.data2:
      return BigInt(cursor.u16())
    case FORM.data4:
      return BigInt(cursor.u32())
    case FORM.data8:
      return cursor.u64()
    case FORM.udata:
      return cursor.ulebWide()
    case FORM.sdata:
      return cursor.sleb()
    case FORM.implicit_const:
      return spec.constant
    default:
      return cursor.fault(`a number of form ${spec.form}`, 'a constant')
  }
}

/** DWARF 5, 7.5.6: passes over a value. Forms that need other files or tables are refused. */
function skipValue(cursor: ByteCursor, form: number): void {
  switch (form) {
    case FORM.flag_present:
    case FORM.implicit_const:
      return
    case FORM.data1:
    case FORM.flag:
    case FORM.ref1:
      return cursor.skip(1)
    case FORM.data2:
    case FORM.ref2:
      return cursor.skip(2)
    case FORM.data4:
    case FORM.ref4:
    case FORM.ref_addr:
    case FORM.sec_offset:
    case FORM.strp:
    case FORM.line_strp:
      return cursor.skip(4)
    case FORM.addr:
    case FORM.data8:
    case FORM.ref8:
    case FORM.ref_sig8:
      return cursor.skip(8)
    case FORM.data16:
      return cursor.skip(16)
    case FORM.udata:
    case FORM.sdata:
    case FORM.ref_udata:
    case FORM.loclistx:
    case FORM.rnglistx:
      return skipLeb(cursor)
    case FORM.string:
      return cursor.skipString()
    case FORM.block1:
      return cursor.skip(cursor.u8())
    case FORM.block2:
      return cursor.skip(cursor.u16())
    case FORM.block4:
      return cursor.skip(cursor.u32())
    case FORM.block:
    case FORM.exprloc:
      return cursor.skip(cursor.uleb())
    default:
      return cursor.fault(`a value of form ${form}`, 'one that stands in the object')
  }
}

function skipLeb(cursor: ByteCursor): void {
  while (cursor.u8() >= 0x80);
}
