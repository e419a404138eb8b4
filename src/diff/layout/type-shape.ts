import { DebugInfoFault } from './debug-info-refusal.ts'
import { ENCODING, TAG } from './dwarf.ts'
import type { TypeEntry } from './read-entries.ts'

/** More steps from a type to what it stands for than any source has. */
const MOST_STEPS = 100

/** What a type comes to once typedefs and qualifiers are gone, and the arrays around it. */
export interface ElementType {
  /** Undefined for `void`. */
  readonly entry: TypeEntry | undefined
  /** `[4][2]`; empty where there is no array. */
  readonly dimensions: string
}

/**
 * Types by what their bytes hold.
 *
 * Two types have one shape if memory with one in it can be read as the other: the names of
 * integers, signs, qualifiers and typedefs of them do not matter, nor what functions a pointer
 * leads to. Structures and unions are known by name; their own layouts are compared apart.
 */
export class TypeShapes {
  readonly #entries: ReadonlyMap<number, TypeEntry>
  /** By place of an unnamed type: the first typedef for it. */
  readonly #typedefs = new Map<number, string>()
  readonly #shapes = new Map<number | undefined, string>()

  constructor(entries: ReadonlyMap<number, TypeEntry>) {
    this.#entries = entries
    for (const entry of entries.values()) {
      if (entry.tag !== TAG.typedef || entry.name === undefined || entry.type === undefined)
        continue
      const target = entries.get(entry.type)
      if (target === undefined || target.name !== undefined || !isComposite(target)) continue
      if (!this.#typedefs.has(target.at)) this.#typedefs.set(target.at, entry.name)
    }
  }

  /** `struct domain`, or `spinlock_t` where only a typedef names it. */
  nameOf(entry: TypeEntry): string | undefined {
    if (!isComposite(entry)) return undefined
    if (entry.name === undefined) return this.#typedefs.get(entry.at)
    return `${keywordOf(entry)} ${entry.name}`
  }

  element(type: number | undefined): ElementType {
    let entry = this.#entry(type)
    let dimensions = ''
    for (let step = 0; step < MOST_STEPS; step += 1) {
      if (entry === undefined) return { entry, dimensions }
      if (entry.tag === TAG.array_type) dimensions += dimensionsOf(entry)
      else if (!isTransparent(entry.tag)) return { entry, dimensions }
      entry = this.#entry(entry.type)
    }
    return unreadable(type, 'a type that stands for itself')
  }

  byteSize(type: number | undefined): number | undefined {
    const { entry, dimensions } = this.element(type)
    return dimensions === '' && entry !== undefined ? sizeOf(entry) : undefined
  }

  /** The shape in words, for comparison and for people. */
  describe(type: number | undefined): string {
    const known = this.#shapes.get(type)
    if (known !== undefined) return known
    const { entry, dimensions } = this.element(type)
    const shape = `${this.#describeElement(entry)}${dimensions === '' ? '' : ` ${dimensions}`}`
    this.#shapes.set(type, shape)
    return shape
  }

  #describeElement(entry: TypeEntry | undefined): string {
    if (entry === undefined) return 'void'
    switch (entry.tag) {
      case TAG.pointer_type:
        return this.#describePointer(entry)
      case TAG.structure_type:
      case TAG.union_type:
        return `${this.nameOf(entry) ?? `unnamed ${keywordOf(entry)}`}${bytes(entry.byteSize)}`
      case TAG.subroutine_type:
        return 'function'
      default:
        return `${isFloat(entry) ? 'float' : 'integer'}${bytes(entry.byteSize)}`
    }
  }

  /** One step deep: what the pointed-to type holds is not this memory's. */
  #describePointer(pointer: TypeEntry): string {
    const { entry, dimensions } = this.element(pointer.type)
    if (entry === undefined) return 'pointer'
    if (entry.tag === TAG.pointer_type) return 'pointer to pointer'
    if (entry.tag === TAG.subroutine_type) return 'pointer to function'
    const name = isComposite(entry) && entry.tag !== TAG.enumeration_type && this.nameOf(entry)
    const target = name || this.#describeElement(entry)
    return `pointer to ${target}${dimensions === '' ? '' : ` ${dimensions}`}`
  }

  #entry(type: number | undefined): TypeEntry | undefined {
    if (type === undefined) return undefined
    const entry = this.#entries.get(type)
    return entry ?? unreadable(type, 'a reference to no type')
  }
}

function isComposite({ tag }: TypeEntry): boolean {
  return tag === TAG.structure_type || tag === TAG.union_type || tag === TAG.enumeration_type
}

function isTransparent(tag: number): boolean {
  return (
    tag === TAG.typedef ||
    tag === TAG.const_type ||
    tag === TAG.volatile_type ||
    tag === TAG.restrict_type ||
    tag === TAG.atomic_type
  )
}

function isFloat({ encoding }: TypeEntry): boolean {
  return encoding === ENCODING.float || encoding === ENCODING.complex_float
}

function keywordOf({ tag }: TypeEntry): string {
  if (tag === TAG.enumeration_type) return 'enum'
  return tag === TAG.union_type ? 'union' : 'struct'
}

/** psABI AMD64, 3.1.2: pointers have 8 bytes. */
function sizeOf(entry: TypeEntry): number | undefined {
  return entry.byteSize ?? (entry.tag === TAG.pointer_type ? 8 : undefined)
}

function bytes(count: number | undefined): string {
  if (count === undefined) return ' of unknown size'
  return count === 1 ? ' of 1 byte' : ` of ${count} bytes`
}

/** Of every subrange: its count, or one more than its upper bound (C counts from 0). */
function dimensionsOf(array: TypeEntry): string {
  return array.parts
    .map(({ count, upperBound }) => {
      const length = count ?? (upperBound === undefined ? undefined : upperBound + 1n)
      return `[${length ?? ''}]`
    })
    .join('')
}

function unreadable(type: number | undefined, found: string): never {
  const place = { section: '.debug_info', at: type ?? 0 }
  const wanted = 'one that leads to a type'
  throw new DebugInfoFault({ kind: 'debug-info-unreadable', ...place, found, wanted })
}
