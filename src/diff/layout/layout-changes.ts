import type { Field, Layout } from './type-layouts.ts'

/** One way in which a type's bytes differ between two objects. */
export interface LayoutChange {
  /** `struct domain`, `union u`, `enum e`, a typedef's name, or `variable v`. */
  readonly type: string
  /**
   * The member, as C writes it, or the enumerator. Undefined where only the size differs, and for
   * all of a variable.
   */
  readonly member: string | undefined
  /** `byte 16, integer of 4 bytes`; `no such member`; `24 bytes`; `value 3`. */
  readonly before: string
  readonly after: string
  /** The changed type whose other size is all there is to this change. */
  readonly consequenceOf: string | undefined
}

type Layouts = ReadonlyMap<string, readonly Layout[]>

/**
 * The changes of every type that both have, causes before consequences.
 *
 * Members that were added, removed or made of something else are all listed. Where members only
 * moved, the first is, and not at all beside others that tell why. A type that differs only since
 * it holds one that grew or shrank is listed once.
 */
export function layoutChanges(before: Layouts, after: Layouts): LayoutChange[] {
  const changed = new Map<string, readonly TypeDifference[]>()
  for (const [type, olds] of before) {
    const news = after.get(type)
    if (news === undefined) continue
    const differences = differencesOf(olds, news)
    if (differences.length > 0) changed.set(type, differences)
  }
  const own: LayoutChange[] = []
  const consequences: LayoutChange[] = []
  for (const [type, differences] of changed) {
    const cause = causeOf(differences, changed)
    if (cause === undefined) own.push(...differences.flatMap((each) => describe(type, each)))
    else consequences.push(...describeConsequence(type, differences[0], cause))
  }
  return [...own, ...consequences]
}

/** One layout, and what became of it. */
interface TypeDifference {
  readonly before: Layout
  readonly after: Layout
  /** Fields that only one has, or that hold something else; `undefined` on the side without. */
  readonly others: readonly FieldPair[]
  /** Fields that are the same but for their place. */
  readonly moved: readonly FieldPair[]
}

interface FieldPair {
  readonly before: Field | undefined
  readonly after: Field | undefined
}

/** Several scopes may have types of one name: each old one must be among the new ones. */
function differencesOf(olds: readonly Layout[], news: readonly Layout[]): TypeDifference[] {
  const unmatched = olds.filter((old) => !news.some((made) => difference(old, made) === undefined))
  const added = news.filter((made) => !olds.some((old) => difference(old, made) === undefined))
  const lastOld = olds.at(-1)
  const lastNew = news.at(-1)
  if (lastOld === undefined || lastNew === undefined) return []
  const pairs =
    unmatched.length > 0
      ? unmatched.map((old, index) => ({ old, made: added[index] ?? lastNew }))
      : added.map((made) => ({ old: lastOld, made }))
  return pairs.flatMap(({ old, made }) => difference(old, made) ?? [])
}

function difference(before: Layout, after: Layout): TypeDifference | undefined {
  const pairs = pairFields(before.fields, after.fields)
  const others = pairs.filter((pair) => !isSameKind(pair))
  const moved = pairs.filter((pair) => isSameKind(pair) && pair.before?.bitAt !== pair.after?.bitAt)
  if (before.byteSize === after.byteSize && others.length === 0 && moved.length === 0) {
    return undefined
  }
  return { before, after, others, moved }
}

/**
 * Pairs fields by path; then those that are left and are the same bytes, which were renamed.
 *
 * Fields of one path are paired in their order: unnamed bit-fields and unions may repeat one.
 */
function pairFields(before: readonly Field[], after: readonly Field[]): FieldPair[] {
  const left = new Map<string, Field[]>()
  for (const field of after) {
    const same = left.get(field.path)
    if (same === undefined) left.set(field.path, [field])
    else same.push(field)
  }
  const pairs: FieldPair[] = []
  const unpaired: Field[] = []
  for (const field of before) {
    const same = left.get(field.path)?.shift()
    if (same === undefined) unpaired.push(field)
    else pairs.push({ before: field, after: same })
  }
  const renamed = new Map<string, Field[]>()
  for (const field of [...left.values()].flat()) {
    const key = keyOf(field)
    const same = renamed.get(key)
    if (same === undefined) renamed.set(key, [field])
    else same.push(field)
  }
  // What is paired here is equal, and of no more interest.
  const removed = unpaired.filter((field) => renamed.get(keyOf(field))?.shift() === undefined)
  pairs.push(...removed.map((field) => ({ before: field, after: undefined })))
  pairs.push(...[...renamed.values()].flat().map((field) => ({ before: undefined, after: field })))
  return pairs
}

function keyOf({ bitAt, bitSize, shape }: Field): string {
  return `${bitAt} ${bitSize ?? ''} ${shape}`
}

function isSameKind({ before, after }: FieldPair): boolean {
  return (
    before !== undefined &&
    after !== undefined &&
    before.bitSize === after.bitSize &&
    withoutSize(before.shape, before.holds) === withoutSize(after.shape, after.holds)
  )
}

/** A structure of another size, held by value, is told of as itself. */
function withoutSize(shape: string, holds: string | undefined): string {
  return holds === undefined ? shape : shape.replace(/ of (\d+ bytes?|unknown size)/, '')
}

/** The changed type that a type holds, if that explains all that differs in it. */
function causeOf(
  differences: readonly TypeDifference[],
  changed: ReadonlyMap<string, readonly TypeDifference[]>,
): string | undefined {
  if (differences.some(({ others }) => others.length > 0)) return undefined
  for (const { before } of differences) {
    for (const { holds } of before.fields) {
      const inner = holds === undefined ? undefined : changed.get(holds)
      if (inner?.some(({ before, after }) => before.byteSize !== after.byteSize)) return holds
    }
  }
  return undefined
}

function describeConsequence(
  type: string,
  difference: TypeDifference | undefined,
  consequenceOf: string,
): LayoutChange[] {
  if (difference === undefined) return []
  const { before, after } = difference
  const [first] =
    before.byteSize === after.byteSize
      ? describe(type, difference)
      : [{ type, member: undefined, ...sizesOf(difference) }]
  return first === undefined ? [] : [{ ...first, consequenceOf }]
}

function describe(type: string, difference: TypeDifference): LayoutChange[] {
  const { others, moved } = difference
  const told = others.length > 0 ? others : moved.slice(0, 1)
  if (told.length === 0) {
    return [{ type, member: undefined, ...sizesOf(difference), consequenceOf: undefined }]
  }
  return told.map((pair) => ({
    type,
    member: (pair.before?.path ?? pair.after?.path) || undefined,
    before: fieldText(pair.before),
    after: fieldText(pair.after),
    consequenceOf: undefined,
  }))
}

function sizesOf({ before, after }: TypeDifference): { before: string; after: string } {
  return { before: `${before.byteSize} bytes`, after: `${after.byteSize} bytes` }
}

function fieldText(field: Field | undefined): string {
  if (field === undefined) return 'no such member'
  const { bitAt, bitSize, shape } = field
  const byte = Math.floor(bitAt / 8)
  if (bitSize === undefined) return `byte ${byte}, ${shape}`
  const bits = bitSize === 1 ? '1 bit' : `${bitSize} bits`
  return `byte ${byte} bit ${bitAt % 8}, ${bits} of ${shape}`
}
