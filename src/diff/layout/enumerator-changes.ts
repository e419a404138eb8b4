import type { LayoutChange } from './layout-changes.ts'
import type { ObjectLayouts } from './type-layouts.ts'

type Enumerators = ObjectLayouts['enumerators']

/** Every enumerator that both have under one name, with another value. */
export function enumeratorChanges(before: Enumerators, after: Enumerators): LayoutChange[] {
  return [...before].flatMap(([type, values]) => {
    const others = after.get(type)
    if (others === undefined) return []
    return [...values].flatMap(([name, olds]): LayoutChange[] => {
      const news = others.get(name)
      if (news === undefined) return []
      const old = numbers(olds)
      const made = numbers(news)
      if (old === made) return []
      return [{ type, member: name, before: old, after: made, consequenceOf: undefined }]
    })
  })
}

/** The values in scopes of one object, each once. */
function numbers(values: readonly bigint[]): string {
  const unique = [...new Set(values)].sort((a, b) => (a < b ? -1 : 1))
  return unique.map((value) => `value ${value}`).join(' and ')
}
