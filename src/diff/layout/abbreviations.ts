import { ByteCursor } from './byte-cursor.ts'
import { FORM } from './dwarf.ts'

/** One attribute of an abbreviation (DWARF 5, 7.5.3). */
export interface AttributeSpec {
  readonly attribute: number
  readonly form: number
  /** The value itself, of form `implicit_const`. */
  readonly constant: bigint
}

/** What all entries of one code have in common. */
export interface Abbreviation {
  readonly tag: number
  readonly hasChildren: boolean
  readonly attributes: readonly AttributeSpec[]
}

export type AbbreviationTable = ReadonlyMap<number, Abbreviation>

/** Reads the table that begins at `at` of `.debug_abbrev`. Throws `DebugInfoFault`. */
export function readAbbreviations(bytes: Uint8Array, at: number): AbbreviationTable {
  const cursor = new ByteCursor('.debug_abbrev', bytes, at)
  const table = new Map<number, Abbreviation>()
  for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) {
    const tag = cursor.uleb()
    const hasChildren = cursor.u8() !== 0
    const attributes: AttributeSpec[] = []
    for (;;) {
      const attribute = cursor.uleb()
      const form = cursor.uleb()
      const constant = form === FORM.implicit_const ? cursor.sleb() : 0n
      if (attribute === 0 && form === 0) break
      attributes.push({ attribute, form, constant })
    }
    if (table.has(code)) cursor.fault(`abbreviation ${code} again`, 'each once')
    table.set(code, { tag, hasChildren, attributes })
  }
  return table
}
