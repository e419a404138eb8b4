import { assessHost, type AssessmentContext } from '../advisory/assess-host.ts'
import type { DecidingAdvisory } from '../advisory/assess-host.ts'
import {
  type Exposure,
  isOpen,
  type Standing,
  type Verdict,
  verdictOf,
} from '../advisory/exposure.ts'
import { CompiledAdvisories, type FactRow } from './compiled-advisories.ts'
import type { HostEntry } from './inventory.ts'
import { STANDINGS } from './standing-code.ts'

/** Hosts that all advisories see alike. */
interface HostGroup {
  readonly row: FactRow
  readonly hash: number
  /** Of each advisory, in their order. Set before the group is given out. */
  codes: Uint8Array
  readonly members: Set<string>
}

/** How many hosts have each verdict, and on how many the hole is open now. */
export interface ExposureCounts {
  readonly xsa: number
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly open: number
  /** Hosts of which it is not known whether the hole is open. */
  readonly maybeOpen: number
}

/** One advisory whose verdict on a host is now another one. */
export interface ExposureChange {
  readonly xsa: number
  readonly from: Verdict
  readonly to: Verdict
}

/**
 * The exposure of all hosts to all advisories, kept up as hosts change.
 *
 * Hosts that no advisory can tell apart are one group and are judged once. The answers are those
 * of `assessHost()` on each host alone, and do not depend on the order in which hosts came.
 */
export class FleetExposure {
  readonly #compiled: CompiledAdvisories
  readonly #context: AssessmentContext
  readonly #indexOf: ReadonlyMap<number, number>
  readonly #hosts = new Map<string, { readonly entry: HostEntry; readonly group: HostGroup }>()
  readonly #groups = new Map<number, HostGroup[]>()
  readonly #newGroups: HostGroup[] = []

  constructor(advisories: readonly DecidingAdvisory[], context: AssessmentContext) {
    this.#context = context
    this.#compiled = new CompiledAdvisories(advisories, context.catalogue)
    this.#indexOf = new Map(advisories.map(({ xsa }, index) => [xsa, index]))
  }

  static of(
    hosts: Iterable<HostEntry>,
    advisories: readonly DecidingAdvisory[],
    context: AssessmentContext,
  ): FleetExposure {
    const exposure = new FleetExposure(advisories, context)
    for (const host of hosts) exposure.#place(host)
    exposure.#judgeNew()
    return exposure
  }

  get advisories(): readonly DecidingAdvisory[] {
    return this.#compiled.advisories
  }

  get hostCount(): number {
    return this.#hosts.size
  }

  /** Takes a host in, or what was seen of it anew. Returns the verdicts that changed. */
  put(entry: HostEntry): readonly ExposureChange[] {
    const before = this.#hosts.get(entry.id)?.group
    const after = this.#place(entry)
    this.#judgeNew()
    if (before === undefined || before === after) return []
    return this.advisories.flatMap(({ xsa }, index) => {
      const from = verdictAt(before, index)
      const to = verdictAt(after, index)
      return from === to ? [] : [{ xsa, from, to }]
    })
  }

  remove(id: string): void {
    const host = this.#hosts.get(id)
    if (host === undefined) return
    this.#hosts.delete(id)
    this.#leave(host.group, id)
  }

  host(id: string): HostEntry | undefined {
    return this.#hosts.get(id)?.entry
  }

  /** Undefined where the host or the advisory is not among these. */
  standing(id: string, xsa: number): Standing | undefined {
    const index = this.#indexOf.get(xsa)
    const group = this.#hosts.get(id)?.group
    return index === undefined || group === undefined ? undefined : standingAt(group, index)
  }

  /** The verdict with what decided it. Undefined as for `standing()`. */
  explain(id: string, xsa: number): Exposure | undefined {
    const entry = this.host(id)
    const advisory = this.#advisory(xsa)
    if (entry === undefined || advisory === undefined) return undefined
    return assessHost(advisory, entry.facts, this.#context)
  }

  /** Undefined where the advisory is not among these. */
  counts(xsa: number): ExposureCounts | undefined {
    const index = this.#indexOf.get(xsa)
    if (index === undefined) return undefined
    const verdicts = { affected: 0, 'not-affected': 0, fixed: 0, unknown: 0 }
    let open = 0
    let maybeOpen = 0
    for (const group of this.#eachGroup()) {
      const standing = standingAt(group, index)
      verdicts[verdictOf(standing)] += group.members.size
      const truth = isOpen(standing)
      if (truth === 'true') open += group.members.size
      if (truth === 'unknown') maybeOpen += group.members.size
    }
    return { xsa, verdicts, open, maybeOpen }
  }

  /** Hosts by what they have in common: one example's exposure speaks for all of them. */
  *alike(
    xsa: number,
  ): Generator<{ readonly hosts: readonly HostEntry[]; readonly standing: Standing }> {
    const index = this.#indexOf.get(xsa)
    if (index === undefined) return
    for (const group of this.#eachGroup()) {
      const hosts = [...group.members].flatMap((id) => this.host(id) ?? [])
      yield { hosts, standing: standingAt(group, index) }
    }
  }

  #advisory(xsa: number): DecidingAdvisory | undefined {
    const index = this.#indexOf.get(xsa)
    return index === undefined ? undefined : this.advisories[index]
  }

  #place(entry: HostEntry): HostGroup {
    const before = this.#hosts.get(entry.id)?.group
    const group = this.#groupOf(this.#compiled.rowOf(entry.facts))
    this.#hosts.set(entry.id, { entry, group })
    if (before === group) return group
    group.members.add(entry.id)
    if (before !== undefined) this.#leave(before, entry.id)
    return group
  }

  #groupOf(row: FactRow): HostGroup {
    const hash = hashOf(row)
    const bucket = this.#groups.get(hash)
    const known = bucket?.find((group) => equalRows(group.row, row))
    if (known !== undefined) return known
    const group: HostGroup = { row, hash, codes: NOT_JUDGED, members: new Set() }
    this.#newGroups.push(group)
    if (bucket === undefined) this.#groups.set(hash, [group])
    else bucket.push(group)
    return group
  }

  #judgeNew(): void {
    const codes = this.#compiled.standingsOf(this.#newGroups.map(({ row }) => row))
    for (const [index, group] of this.#newGroups.entries()) group.codes = codes[index] ?? NOT_JUDGED
    this.#newGroups.length = 0
  }

  #leave(group: HostGroup, id: string): void {
    group.members.delete(id)
    if (group.members.size > 0) return
    const bucket = this.#groups.get(group.hash)?.filter((other) => other !== group) ?? []
    if (bucket.length > 0) this.#groups.set(group.hash, bucket)
    else this.#groups.delete(group.hash)
  }

  *#eachGroup(): Generator<HostGroup> {
    for (const bucket of this.#groups.values()) yield* bucket
  }
}

const NOT_JUDGED = new Uint8Array(0)

function standingAt(group: HostGroup, index: number): Standing {
  const standing = STANDINGS[group.codes[index] ?? -1]
  if (standing === undefined) throw new RangeError(`No advisory has the index ${index}`)
  return standing
}

function verdictAt(group: HostGroup, index: number): Verdict {
  return verdictOf(standingAt(group, index))
}

/** FNV-1a over the numbers of the row. Rows that collide are told apart by their bucket. */
function hashOf(row: FactRow): number {
  let hash = 0x811c9dc5
  for (const number of row) hash = Math.imul(hash ^ number, 0x01000193)
  return hash
}

function equalRows(a: FactRow, b: FactRow): boolean {
  return a.every((number, index) => number === b[index])
}
