import type { HostFacts, PartialSet } from '../advisory/host-facts.ts'
import type { DeclaredFacts } from './read-host-facts.ts'

/**
 * The facts of a host, with what is declared where nothing was seen.
 *
 * What was seen always stands: a declaration adds to what is known and never contradicts it. Of a
 * set, names that were seen neither present nor absent are taken from the declaration.
 */
export function declareFacts(seen: HostFacts, declared: DeclaredFacts): HostFacts {
  const known = Object.fromEntries(
    Object.entries(seen).filter(([, value]) => value !== undefined),
  ) as unknown as HostFacts
  const further = Object.entries(declared).filter(([name]) => !Object.hasOwn(known, name))
  const facts: HostFacts = { ...known, ...Object.fromEntries(further) }
  const sets = {
    features: unite(seen.features, declared.features),
    cpuFeatures: unite(seen.cpuFeatures, declared.cpuFeatures),
    paging: unite(seen.paging, declared.paging),
  }
  const there = Object.entries(sets).filter(([, set]) => set !== undefined)
  return { ...facts, ...Object.fromEntries(there) }
}

function unite(
  seen: PartialSet | undefined,
  declared: PartialSet | undefined,
): PartialSet | undefined {
  if (seen === undefined || declared === undefined) return seen ?? declared
  const { absent } = seen
  if (absent === 'rest') return seen
  const present = [
    ...seen.present,
    ...declared.present.filter((name) => !seen.present.includes(name) && !absent.includes(name)),
  ]
  if (declared.absent === 'rest') return { present, absent: 'rest' }
  const further = declared.absent.filter(
    (name) => !present.includes(name) && !absent.includes(name),
  )
  return { present, absent: [...absent, ...further] }
}
