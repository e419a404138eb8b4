import { DebugInfoFault } from './debug-info-refusal.ts'
import { TAG } from './dwarf.ts'
import type { TypeEntry } from './read-entries.ts'
import { TypeShapes } from './type-shape.ts'

/** A run of bits of a type, with what they hold. */
export interface Field {
  /**
   * As C writes it, through unnamed structures: `u.inuse.count`, `entries[].flags`. Empty where it
   * is all of a variable.
   */
  readonly path: string
  readonly bitAt: number
  /** Of a bit-field. */
  readonly bitSize: number | undefined
  /** What is stored there, of how many bytes: `integer of 4 bytes`. */
  readonly shape: string
  /** The named structure or union whose bytes these are, if they are of one. */
  readonly holds: string | undefined
}

/** The bytes of a complete structure or union. */
export interface Layout {
  readonly byteSize: number
  readonly fields: readonly Field[]
}

/** The layouts of an object by type name. Two scopes may have different types of one name. */
export interface ObjectLayouts {
  readonly layouts: ReadonlyMap<string, readonly Layout[]>
  /** What variables hold, by name; their size is left out, as the object itself tells it. */
  readonly variables: ReadonlyMap<string, readonly Layout[]>
  /** The values of enumerators, by type and name. */
  readonly enumerators: ReadonlyMap<string, ReadonlyMap<string, readonly bigint[]>>
}

/** What one object can have at most: DWARF made by a compiler does not come near. */
const MOST_FIELDS = 2_000_000
const MOST_NESTED = 64

/** The name under which enumerators without a type of their own are kept. */
export const UNNAMED_ENUM = 'enum (unnamed)'

/**
 * The layouts of all complete types with a name, and of the static variables of these names.
 * Throws `DebugInfoFault`.
 */
export function layoutsOf(
  entries: ReadonlyMap<number, TypeEntry>,
  variableNames: ReadonlySet<string>,
): ObjectLayouts {
  const shapes = new TypeShapes(entries)
  const fields = new FieldReader(shapes)
  const layouts = new Map<string, Layout[]>()
  const variables = new Map<string, Layout[]>()
  const enumerators = new Map<string, Map<string, bigint[]>>()
  for (const entry of entries.values()) {
    if (entry.tag === TAG.variable && entry.isStatic) {
      const { name, type } = entries.get(entry.declaredAt ?? entry.at) ?? entry
      if (name === undefined || !variableNames.has(name)) continue
      append(variables, `variable ${name}`, fields.layoutOfVariable({ ...entry, type }))
      continue
    }
    if (entry.isDeclaration) continue
    if (entry.tag === TAG.enumeration_type) {
      const type = shapes.nameOf(entry) ?? UNNAMED_ENUM
      const values = enumerators.get(type) ?? new Map<string, bigint[]>()
      for (const { name, constant } of entry.parts) {
        if (name !== undefined && constant !== undefined) append(values, name, constant)
      }
      enumerators.set(type, values)
    } else if (hasMembers(entry)) {
      const type = shapes.nameOf(entry)
      if (type !== undefined) append(layouts, type, fields.layoutOf(entry))
    }
  }
  return { layouts, variables, enumerators }
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}

/** Where in the type that is read a member of an unnamed one stands. */
interface Base {
  readonly path: string
  readonly bitAt: number
  /** What the arrays around it add to a field's shape. */
  readonly arrays: string
  readonly depth: number
}

class FieldReader {
  readonly #shapes: TypeShapes
  #left = MOST_FIELDS

  constructor(shapes: TypeShapes) {
    this.#shapes = shapes
  }

  layoutOf(entry: TypeEntry): Layout {
    const fields: Field[] = []
    this.#read(entry, { path: '', bitAt: 0, arrays: '', depth: 0 }, fields)
    return { byteSize: entry.byteSize ?? 0, fields }
  }

  /** A variable is read as if it were a member without a name. */
  layoutOfVariable(variable: TypeEntry): Layout {
    const fields: Field[] = []
    const base = { path: '', bitAt: 0, arrays: '', depth: 0 }
    this.#readMember({ ...variable, name: undefined }, base, fields)
    return { byteSize: 0, fields }
  }

  #read(entry: TypeEntry, base: Base, fields: Field[]): void {
    if (base.depth > MOST_NESTED) unreadable(entry, 'types that nest without end', 'fewer')
    for (const member of entry.parts) {
      if (member.tag !== TAG.member) continue
      this.#left -= 1
      if (this.#left < 0) unreadable(entry, `more than ${MOST_FIELDS} members`, 'fewer')
      this.#readMember(member, base, fields)
    }
  }

  #readMember(member: TypeEntry, base: Base, fields: Field[]): void {
    const path = joined(base.path, member.name)
    const bitAt = base.bitAt + this.#bitAt(member)
    const { entry, dimensions } = this.#shapes.element(member.type)
    const holder = entry !== undefined && hasMembers(entry) ? entry : undefined
    const holds = holder && this.#shapes.nameOf(holder)
    if (holder !== undefined && holds === undefined) {
      const inArray = dimensions !== ''
      const arrays = inArray ? `, in ${dimensions} of ${holder.byteSize ?? 0} bytes` : ''
      const inner = {
        path: inArray ? `${path}[]` : path,
        bitAt,
        arrays: `${arrays}${base.arrays}`,
        depth: base.depth + 1,
      }
      this.#read(holder, inner, fields)
      return
    }
    const shape = `${this.#shapes.describe(member.type)}${base.arrays}`
    fields.push({ path, bitAt, bitSize: member.bitSize, shape, holds })
  }

  /** DWARF 5, 5.7.6 and, for `bit_offset`, DWARF 3, 5.5.6: from the high end of the unit. */
  #bitAt(member: TypeEntry): number {
    if (member.dataBitOffset !== undefined) return member.dataBitOffset
    const start = (member.memberAt ?? 0) * 8
    if (member.bitOffset === undefined) return start
    const unit = member.byteSize ?? this.#shapes.byteSize(member.type)
    if (unit === undefined) unreadable(member, 'a bit-field in a unit of no size', 'a size')
    return start + unit * 8 - member.bitOffset - (member.bitSize ?? 0)
  }
}

function hasMembers({ tag }: TypeEntry): boolean {
  return tag === TAG.structure_type || tag === TAG.union_type
}

/** A member without a name adds none: C reaches what is in it directly. */
function joined(path: string, name: string | undefined): string {
  if (name === undefined) return path
  return path === '' ? name : `${path}.${name}`
}

function unreadable(entry: TypeEntry, found: string, wanted: string): never {
  const place = { section: '.debug_info', at: entry.at }
  throw new DebugInfoFault({ kind: 'debug-info-unreadable', ...place, found, wanted })
}
