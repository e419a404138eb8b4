import type { ElfFile } from '../../elf/elf-file.ts'
import { DebugInfoFault, type DebugInfoRefusal } from './debug-info-refusal.ts'
import { findDebugSections } from './debug-sections.ts'
import { type LayoutChange, layoutChanges } from './layout-changes.ts'
import { enumeratorChanges } from './enumerator-changes.ts'
import { readTypeEntries } from './read-entries.ts'
import { layoutsOf, type ObjectLayouts } from './type-layouts.ts'

export type LayoutComparison =
  | { readonly kind: 'compared'; readonly changes: readonly LayoutChange[] }
  /** One of the two objects does not tell: nothing is known then. */
  | {
      readonly kind: 'refused'
      readonly side: 'before' | 'after'
      readonly refusal: DebugInfoRefusal
    }

/**
 * Which types have other bytes in the second object than in the first, by their DWARF.
 *
 * Compared are all complete structures, unions and enumerations that both have under one name, of
 * a typedef where that is the only one, those inside functions too. Both objects must have been
 * compiled with `-g`. Memory may hold any of these types: an object does not show what other
 * objects do with a type, so one that is only used for local variables counts as well.
 *
 * No change is: another member name for the same bytes, another sign or typedef of an integer, a
 * new enumerator, a type that only one object has.
 */
export function compareLayouts(before: ElfFile, after: ElfFile): LayoutComparison {
  const old = readLayouts(before)
  if (old.kind === 'refused') return { kind: 'refused', side: 'before', refusal: old.refusal }
  const made = readLayouts(after)
  if (made.kind === 'refused') return { kind: 'refused', side: 'after', refusal: made.refusal }
  const changes = [
    ...layoutChanges(old.layouts.layouts, made.layouts.layouts),
    ...enumeratorChanges(old.layouts.enumerators, made.layouts.enumerators),
  ]
  return { kind: 'compared', changes }
}

function readLayouts(
  elf: ElfFile,
):
  | { readonly kind: 'read'; readonly layouts: ObjectLayouts }
  | { readonly kind: 'refused'; readonly refusal: DebugInfoRefusal } {
  try {
    return { kind: 'read', layouts: layoutsOf(readTypeEntries(findDebugSections(elf))) }
  } catch (error) {
    if (error instanceof DebugInfoFault) return { kind: 'refused', refusal: error.refusal }
    throw error
  }
}
