import type { DecidingAdvisory } from '../advisory/assess-host.ts'
import type { Condition, FactTest } from '../advisory/condition.ts'
import { judge, readSubject, subjectOf } from '../advisory/fact-test.ts'
import {
  buildOnDisk,
  type BuildCatalogue,
  type BuildRead,
  type BuildSeen,
  type FixLines,
  holdsFix,
  memoryHoldsFix,
  readBuild,
  readFixedIn,
  runningBuild,
} from '../advisory/fix-presence.ts'
import type { HostFacts } from '../advisory/host-facts.ts'
import { FactColumn } from './fact-column.ts'
import { codeOf, standingCode, TRUE, UNKNOWN } from './standing-code.ts'

/** Row of a host: the number of its reading in each column. */
export type FactRow = Uint32Array

/** One truth code for each row of a batch. Never written to after it was returned. */
type Vector = Uint8Array
type Program = (batch: Batch) => Vector

interface Batch {
  readonly rows: readonly FactRow[]
  /** Of each table, once it was asked for. */
  readonly answers: (Vector | undefined)[]
}

/** Rows taken at once: enough for tight loops, few enough for the processor's cache. */
const BATCH = 2048

/**
 * Advisories made ready for many hosts.
 *
 * Each thing that some advisory asks of a host becomes a column, and each question a table over the
 * column's readings, filled as they turn up. A host is read once; after that an advisory costs a
 * look into a few tables. The answers are those of `standingOf()`.
 */
// Batches, not host by host: a tree of functions called for each host takes many times as long as
// loops over bytes.
export class CompiledAdvisories {
  readonly advisories: readonly DecidingAdvisory[]
  readonly #columns: FactColumn[] = []
  readonly #columnIndex = new Map<string, number>()
  readonly #tests = new Map<string, Program>()
  readonly #catalogue: BuildCatalogue
  /** Builds that say more than their version does. */
  readonly #tellingBuildIds: ReadonlySet<string>
  /** By column, then by the example of a reading. */
  readonly #builds = new Map<string, Map<HostFacts, BuildRead>>()
  readonly #programs: readonly Program[]
  #tables = 0

  constructor(advisories: readonly DecidingAdvisory[], catalogue: BuildCatalogue) {
    this.advisories = advisories
    this.#catalogue = catalogue
    this.#tellingBuildIds = new Set([
      ...catalogue.keys(),
      ...advisories.flatMap(({ fixedIn }) => fixedIn.flatMap(({ buildIds }) => buildIds)),
    ])
    this.#programs = advisories.map((advisory) => this.#advisory(advisory))
  }

  /** All that the advisories ask of the host. Hosts with equal rows have equal standings. */
  rowOf(facts: HostFacts): FactRow {
    const row = new Uint32Array(this.#columns.length)
    for (const [index, column] of this.#columns.entries()) row[index] = column.numberOf(facts)
    return row
  }

  /** For each row the standing codes of all advisories, in their order. */
  standingsOf(rows: readonly FactRow[]): readonly Uint8Array[] {
    const count = this.#programs.length
    const codes = rows.map(() => new Uint8Array(count))
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch: Batch = { rows: rows.slice(start, start + BATCH), answers: [] }
      for (const [index, program] of this.#programs.entries()) {
        const vector = program(batch)
        for (let at = 0; at < vector.length; at += 1) {
          // One row of codes for each row taken.
          const row = codes[start + at] as Uint8Array
          row[index] = vector[at] as number
        }
      }
    }
    return codes
  }

  #advisory(advisory: DecidingAdvisory): Program {
    const { component, condition } = advisory
    const lines = readFixedIn(advisory)
    const applies = condition === undefined ? unknownOfAll : this.#condition(condition)
    const running = this.#build(`running:${component}`, lines, (facts) =>
      runningBuild(advisory, facts),
    )
    const overBuild = this.#table('memoryFixes', memoryText, (facts) =>
      codeOf(memoryHoldsFix(advisory, facts)),
    )
    const memory = anyOf([running, overBuild])
    const disk = this.#build(`disk:${component}`, lines, (facts) => buildOnDisk(advisory, facts))
    return (batch) => {
      const ofCondition = applies(batch)
      const inMemory = memory(batch)
      const onDisk = disk(batch)
      const result = new Uint8Array(ofCondition.length)
      for (let at = 0; at < result.length; at += 1) {
        result[at] = standingCode(
          ofCondition[at] as number,
          inMemory[at] as number,
          onDisk[at] as number,
        )
      }
      return result
    }
  }

  #condition(condition: Condition): Program {
    if ('all' in condition) return allOf(condition.all.map((part) => this.#condition(part)))
    if ('any' in condition) return anyOf(condition.any.map((part) => this.#condition(part)))
    if ('not' in condition) return not(this.#condition(condition.not))
    return this.#test(condition)
  }

  /** One table for all occurrences of a test, whatever sentence each of them comes from. */
  #test(test: FactTest): Program {
    const key = JSON.stringify({ ...test, source: '' })
    const known = this.#tests.get(key)
    if (known !== undefined) return known
    const read = (facts: HostFacts): string | undefined => readSubject(test, facts)
    const program = this.#table(subjectOf(test), read, (facts) => codeOf(judge(test, read(facts))))
    this.#tests.set(key, program)
    return program
  }

  /** Whether a build holds a fix. Each build that is seen is read once for all advisories. */
  #build(subject: string, lines: FixLines, see: (facts: HostFacts) => BuildSeen): Program {
    const builds = this.#builds.get(subject) ?? new Map<HostFacts, BuildRead>()
    this.#builds.set(subject, builds)
    return this.#table(
      subject,
      (facts) => this.#buildText(see(facts)),
      (facts) => {
        const build = builds.get(facts) ?? readBuild(see(facts), this.#catalogue)
        builds.set(facts, build)
        return codeOf(holdsFix(lines, build))
      },
    )
  }

  /** What tells builds apart: of most, their versions alone. */
  #buildText({ buildId, sourceVersion, ownVersion }: BuildSeen): string {
    const telling = buildId !== undefined && this.#tellingBuildIds.has(buildId) ? buildId : ''
    return `${telling}\t${sourceVersion ?? ''}\t${sourceVersion === undefined ? ownVersion : ''}`
  }

  /** An answer that depends on one reading alone, worked out once for each reading. */
  #table(
    subject: string,
    read: (facts: HostFacts) => string | undefined,
    answer: (facts: HostFacts) => number,
  ): Program {
    const index = this.#columnIndex.get(subject) ?? this.#addColumn(subject, read)
    // The column was found or made just above.
    const column = this.#columns[index] as FactColumn
    const table = this.#tables++
    const answers: number[] = []
    return ({ rows, answers: known }) => {
      const before = known[table]
      if (before !== undefined) return before
      while (answers.length < column.size) answers.push(answer(column.exampleOf(answers.length)))
      const vector = new Uint8Array(rows.length)
      for (let at = 0; at < rows.length; at += 1) {
        vector[at] = answers[rows[at]?.[index] ?? 0] ?? UNKNOWN
      }
      known[table] = vector
      return vector
    }
  }

  #addColumn(subject: string, read: (facts: HostFacts) => string | undefined): number {
    const index = this.#columns.length
    this.#columns.push(new FactColumn(read))
    this.#columnIndex.set(subject, index)
    return index
  }
}

function unknownOfAll({ rows }: Batch): Vector {
  return new Uint8Array(rows.length).fill(UNKNOWN)
}

function allOf(parts: readonly Program[]): Program {
  return combined(parts, (result, vector) => {
    for (let at = 0; at < result.length; at += 1) {
      // The vectors of one batch are of one length, here and below.
      const code = vector[at] as number
      if (code < (result[at] as number)) result[at] = code
    }
  })
}

function anyOf(parts: readonly Program[]): Program {
  return combined(parts, (result, vector) => {
    for (let at = 0; at < result.length; at += 1) {
      const code = vector[at] as number
      if (code > (result[at] as number)) result[at] = code
    }
  })
}

function not(part: Program): Program {
  return (batch) => {
    const result = part(batch).slice()
    for (let at = 0; at < result.length; at += 1) result[at] = TRUE - (result[at] as number)
    return result
  }
}

function combined(
  parts: readonly Program[],
  combine: (result: Vector, vector: Vector) => void,
): Program {
  const [first, ...others] = parts
  if (first === undefined) throw new RangeError('A condition has no parts')
  return (batch) => {
    const result = first(batch).slice()
    for (const part of others) combine(result, part(batch))
    return result
  }
}

function memoryText({ memoryFixes }: HostFacts): string | undefined {
  return memoryFixes?.map(({ advisory, state }) => `${advisory} ${state}`).join('\t')
}
