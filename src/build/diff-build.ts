import { type ObjectDiff, diffObjects, type ObjectFile } from '../diff/diff-objects.ts'
import { gate } from '../diff/gate.ts'
import { joinPatches } from '../diff/join-patches.ts'
import { describeNote } from '../diff/note.ts'
import { compareLayouts } from '../diff/layout/compare-layouts.ts'
import { describeDebugInfoRefusal } from '../diff/layout/debug-info-refusal.ts'
import type { Patch } from '../diff/patch.ts'
import type { Reason } from '../diff/reason.ts'
import { describeElfRefusal } from '../elf/refusal.ts'
import { readElf } from '../elf/read.ts'
import type { Image } from '../image/image.ts'
import type { ObjectPair } from './patched-build.ts'

/** What a source patch changed in all objects that were compiled again. */
export interface BuildDiff {
  readonly patch: Patch
  readonly reasons: readonly Reason[]
  /** Objects that came out different, in the order in which they are linked. */
  readonly changed: readonly string[]
  /** For people. */
  readonly notes: readonly string[]
}

/** Compares the objects pair by pair, and makes one patch of all that changed. */
export function diffBuild(pairs: readonly ObjectPair[], image: Image): BuildDiff {
  const diffs: ObjectDiff[] = []
  const reasons: Reason[] = []
  const layouts = new LayoutReasons()
  for (const { name, isAssembler, editsInit, before, after } of pairs) {
    const old = before && open(name, before)
    if (after === undefined) {
      reasons.push({ kind: 'object-removed', object: name, symbol: undefined })
      continue
    }
    const now = open(name, after)
    const diff = diffObjects(old, now, { editsInit })
    diffs.push(diff)
    reasons.push(...diff.reasons)
    if (old !== undefined && !isAssembler) reasons.push(...layouts.between(old, now))
  }
  const joined = joinPatches(diffs, image)
  return {
    patch: joined.patch,
    reasons: gate(reasons, joined.reasons),
    changed: diffs.filter(isChanged).map(({ object }) => object),
    notes: diffs.flatMap((diff) => diff.notes.map(describeNote)),
  }
}

function open(name: string, bytes: Uint8Array): ObjectFile {
  const read = readElf(bytes)
  if (read.kind === 'read') return { name, elf: read.elf }
  throw new Error(`Cannot read the compiled ${name}: ${describeElfRefusal(read.refusal)}`)
}

/** Changed layouts, each told once however many objects have the type. */
class LayoutReasons {
  readonly #told = new Set<string>()

  between(before: ObjectFile, after: ObjectFile): Reason[] {
    const object = after.name
    const compared = compareLayouts(before.elf, after.elf)
    if (compared.kind === 'refused') {
      const found = describeDebugInfoRefusal(compared.refusal)
      return [{ kind: 'layout-unknown', object, symbol: undefined, found }]
    }
    // The cause stands beside what is only its consequence.
    const own = compared.changes.filter(({ consequenceOf }) => consequenceOf === undefined)
    return own.flatMap(({ type, member, before: was, after: is }): Reason[] => {
      const key = [type, member, was, is].join('\0')
      if (this.#told.has(key)) return []
      this.#told.add(key)
      return [
        { kind: 'layout-changed', object, symbol: type, type, member, before: was, after: is },
      ]
    })
  }
}

function isChanged({ changed, added, removed, reasons }: ObjectDiff): boolean {
  return [changed, added, removed, reasons].some((each) => each.length > 0)
}
