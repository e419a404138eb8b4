import type { ElfFile } from '../../elf/elf-file.ts'
import { normalName } from '../normal-name.ts'
import { classifySection, isVariable } from '../section-class.ts'
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
 * Compared are also variables that a running hypervisor changes: what they hold may be of a type
 * without a name, or be read as something else. Where a name is that of more static locals in one
 * object than in the other, it is passed over.
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
    ...layoutChanges(...ofAsManyScopes(old.layouts.variables, made.layouts.variables)),
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
    const entries = readTypeEntries(findDebugSections(elf))
    return { kind: 'read', layouts: layoutsOf(entries, variableNames(elf)) }
  } catch (error) {
    if (error instanceof DebugInfoFault) return { kind: 'refused', refusal: error.refusal }
    throw error
  }
}

type Layouts = ObjectLayouts['variables']

function ofAsManyScopes(before: Layouts, after: Layouts): readonly [Layouts, Layouts] {
  const isKept = ([name]: readonly [string, unknown]): boolean =>
    before.get(name)?.length === after.get(name)?.length
  return [new Map([...before].filter(isKept)), new Map([...after].filter(isKept))]
}

/** The names, without a compiler's numbers, of variables that a running hypervisor changes. */
function variableNames(elf: ElfFile): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { name, kind, section: index } of elf.symbols) {
    const section = typeof index === 'number' ? elf.sections[index] : undefined
    if (kind === 'object' && section !== undefined && isVariable(classifySection(section))) {
      names.add(normalName(name))
    }
  }
  return names
}
