import type {
  Advisory,
  AdvisorySource,
  AdvisoryState,
  Embargo,
  FixedIn,
  Impact,
} from './advisory.ts'
import type { Instant } from './host-facts.ts'
import type { AdvisoryStatement } from './statement.ts'

/** Sources by how much they are asked first. Kinds that are not listed come last. */
const PRECEDENCE = [
  'disclosure',
  'reweave',
  'operator',
  'advisory-text',
  'cve-5',
  'csaf-2.0',
  'xsa.json',
  'meta',
]

/** One advisory made of all that is said of it. */
export interface CombinedAdvisory {
  readonly advisory: Advisory
  /** Where sources contradict each other. The advisory holds the first value. */
  readonly disagreements: readonly Disagreement[]
  /** Every statement that is in force, those asked first before the others. */
  readonly statements: readonly AdvisoryStatement[]
}

/** A field of which sources say different things. */
export interface Disagreement {
  readonly field:
    | 'title'
    | 'publicAt'
    | 'cves'
    | 'component'
    | 'condition'
    | 'embargo'
    | 'permission'
  readonly values: readonly { readonly value: unknown; readonly source: AdvisorySource }[]
}

/**
 * Makes one advisory of the statements on it. The order in which they come does not matter.
 *
 * Of a source that spoke more than once, its latest revision counts. A source that says nothing of a
 * field agrees with all; lists of CVEs agree where one holds the other.
 */
export function combineStatements(
  xsa: number,
  all: readonly AdvisoryStatement[],
): CombinedAdvisory {
  const statements = inForce(all.filter((one) => one.xsa === xsa))
  const { embargo, conflicting } = combineEmbargoes(statements)
  const first = <T>(pick: (one: AdvisoryStatement) => T | undefined): T | undefined =>
    statements.map(pick).find((value) => value !== undefined)
  const advisory: Advisory = {
    formatVersion: 1,
    xsa,
    title: first(({ title }) => title),
    cves: [...new Set(statements.flatMap(({ cves }) => cves))].sort(),
    publicAt: first(({ publicAt }) => publicAt),
    component: first(({ component }) => component) ?? 'unknown',
    impacts: combineImpacts(statements),
    condition: first(({ condition }) => condition),
    fixedIn: combineFixes(statements),
    embargo,
    permission: first(({ permission }) => permission) ?? {
      permitted: 'unknown',
      sentence: undefined,
    },
    sources: uniqueBy(
      statements.flatMap(({ source, further }) => [source, ...further]),
      ({ kind, reference }) => `${kind} ${reference}`,
    ),
    extra: Object.fromEntries(
      statements.flatMap(({ source, extra }) =>
        Object.keys(extra).length === 0 ? [] : [[`${source.kind} ${source.reference}`, extra]],
      ),
    ),
  }
  const disagreements = [
    differing(
      'title',
      statements,
      ({ title }) => title,
      (value) => value.toLowerCase(),
    ),
    // Some sources give the day alone.
    differing(
      'publicAt',
      statements,
      ({ publicAt }) => publicAt,
      (value) => value.slice(0, 10),
    ),
    differing('component', statements, (one) => named(one.component)),
    differing('condition', statements, ({ condition }) => condition),
    differing('permission', statements, (one) => one.permission?.permitted),
    differingCves(statements),
    conflicting,
  ].filter((one) => one !== undefined)
  return { advisory, disagreements, statements }
}

/** The numbers of all advisories that statements speak of, rising. */
export function numbersOf(statements: readonly AdvisoryStatement[]): readonly number[] {
  return [...new Set(statements.map(({ xsa }) => xsa))].sort((a, b) => a - b)
}

function inForce(statements: readonly AdvisoryStatement[]): readonly AdvisoryStatement[] {
  const latest = new Map<string, string>()
  const keyOf = ({ source }: AdvisoryStatement): string =>
    // Versions of a text are files of different names, and one advisory has one text.
    source.kind === 'advisory-text' ? source.kind : `${source.kind} ${source.reference}`
  for (const one of statements) {
    const known = latest.get(keyOf(one))
    const revision = one.revision ?? ''
    if (known === undefined || revision > known) latest.set(keyOf(one), revision)
  }
  return statements
    .filter((one) => latest.get(keyOf(one)) === (one.revision ?? ''))
    .map((one) => ({ one, order: `${rankOf(one.source.kind)} ${JSON.stringify(one)}` }))
    .sort((a, b) => (a.order < b.order ? -1 : Number(a.order > b.order)))
    .map(({ one }) => one)
}

function rankOf(kind: string): number {
  const rank = PRECEDENCE.indexOf(kind)
  return rank === -1 ? PRECEDENCE.length : rank
}

const ORDER: readonly AdvisoryState[] = ['R', 'T', 'P', 'A', 'F', 'X']

/**
 * Public once a source says so: plans lift nothing. Where another source plans the disclosure for
 * a later day, that day counts, unless a person has put the disclosure on record. Embargoed where
 * nobody says anything.
 */
function combineEmbargoes(statements: readonly AdvisoryStatement[]): {
  embargo: Embargo
  conflicting: Disagreement | undefined
} {
  const said = statements.flatMap(({ embargo, source }) =>
    embargo === undefined ? [] : [{ embargo, source }],
  )
  const disclosed = said.find(({ source }) => source.kind === 'disclosure')
  if (disclosed !== undefined) return { embargo: disclosed.embargo, conflicting: undefined }
  const open = said.filter(({ embargo }) => isOpen(embargo))
  const shut = said.filter(({ embargo }) => !isOpen(embargo))
  const state = [...(open.length > 0 ? open : shut)]
    .map(({ embargo }) => ORDER.indexOf(embargo.state))
    .reduce((a, b) => Math.max(a, b), 0)
  // The first source's date of each state, except that the plan for A is the latest.
  const dates: Partial<Record<AdvisoryState, Instant>> = {}
  for (const { embargo } of [...open, ...shut]) Object.assign(dates, { ...embargo.dates, ...dates })
  const announced = dates.A
  const planned = latest(shut.map(({ embargo }) => embargo.dates.A))
  const conflict =
    open.length > 0 && announced !== undefined && planned !== undefined && planned > announced
  if (planned !== undefined && (open.length === 0 || conflict)) dates.A = planned
  return {
    embargo: { state: said.length === 0 ? 'P' : (ORDER[state] ?? 'P'), dates },
    conflicting: conflict
      ? {
          field: 'embargo',
          values: said.map(({ embargo, source }) => ({ value: embargo, source })),
        }
      : undefined,
  }
}

function isOpen(embargo: Embargo): boolean {
  return ORDER.indexOf(embargo.state) >= ORDER.indexOf('A')
}

function latest(instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants
    .filter((one) => one !== undefined)
    .sort()
    .at(-1)
}

function combineImpacts(statements: readonly AdvisoryStatement[]): readonly Impact[] {
  // Impacts that people wrote down replace those that words in a text suggest.
  const written = statements.find(({ impacts }) => impacts.length > 0)
  if (written?.source.kind === 'reweave') return written.impacts
  return uniqueBy(
    statements.flatMap(({ impacts }) => impacts),
    ({ kind }) => kind,
  )
}

function combineFixes(statements: readonly AdvisoryStatement[]): readonly FixedIn[] {
  const branches = uniqueBy(
    statements.flatMap(({ fixedIn }) => fixedIn),
    ({ branch }) => branch,
  )
  return branches.map(({ branch }) => {
    const all = statements.flatMap(({ fixedIn }) => fixedIn.filter((one) => one.branch === branch))
    return {
      branch,
      commits: [...new Set(all.flatMap(({ commits }) => commits))],
      since: all.map(({ since }) => since).find((one) => one !== undefined),
      buildIds: [...new Set(all.flatMap(({ buildIds }) => buildIds))],
      packages: uniqueBy(
        all.flatMap(({ packages }) => packages),
        (one) => JSON.stringify(one),
      ),
    }
  })
}

function differing<T>(
  field: Disagreement['field'],
  statements: readonly AdvisoryStatement[],
  pick: (one: AdvisoryStatement) => T | undefined,
  same: (value: T) => string = (value) => JSON.stringify(value),
): Disagreement | undefined {
  const said = statements.flatMap((one) => {
    const value = pick(one)
    return value === undefined ? [] : [{ value, source: one.source }]
  })
  return new Set(said.map(({ value }) => same(value))).size > 1
    ? { field, values: said }
    : undefined
}

/** A CVE record is one of possibly several of its advisory; other sources list all they know. */
function differingCves(statements: readonly AdvisoryStatement[]): Disagreement | undefined {
  const lists = statements.filter(({ cves, source }) => cves.length > 0 && source.kind !== 'cve-5')
  const clash = lists.some(({ cves: a }) =>
    lists.some(
      ({ cves: b }) => !a.every((cve) => b.includes(cve)) && !b.every((cve) => a.includes(cve)),
    ),
  )
  if (!clash) return undefined
  return { field: 'cves', values: lists.map(({ cves, source }) => ({ value: cves, source })) }
}

function named<T extends string>(component: T | undefined): T | undefined {
  return component === 'unknown' ? undefined : component
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const seen = new Set<string>()
  return items.filter((item) => {
    const key = keyOf(item)
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}
