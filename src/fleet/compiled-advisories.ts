import type { DecidingAdvisory } from '../advisory/assess-host.ts'
import type { Condition, FactTest } from '../advisory/condition.ts'
import { judge, readSubject, subjectOf } from '../advisory/fact-test.ts'
import {
  buildHoldsFix,
  buildOnDisk,
  type BuildCatalogue,
  type BuildSeen,
  memoryHoldsFix,
  runningBuild,
} from '../advisory/fix-presence.ts'
import type { HostFacts } from '../advisory/host-facts.ts'
import { FactColumn } from './fact-column.ts'
import { codeOf, standingCode, UNKNOWN } from './standing-code.ts'

/** Row of a host: the number of its reading in each column. */
export type FactRow = Uint32Array

type Program = (row: FactRow) => number

/**
 * Advisories made ready for many hosts.
 *
 * Each thing that some advisory asks of a host becomes a column, and each question a table over the
 * column's readings, filled as they turn up. A host is read once; after that an advisory costs a
 * look into a few tables. The answers are those of `standingOf()`.
 */
export class CompiledAdvisories {
  readonly advisories: readonly DecidingAdvisory[]
  readonly #columns: FactColumn[] = []
  readonly #columnIndex = new Map<string, number>()
  readonly #questions = new Map<string, Program>()
  readonly #programs: readonly Program[]

  constructor(advisories: readonly DecidingAdvisory[], catalogue: BuildCatalogue) {
    this.advisories = advisories
    this.#programs = advisories.map((advisory) => this.#compile(advisory, catalogue))
  }

  /** All that the advisories ask of the host. Hosts with equal rows have equal standings. */
  rowOf(facts: HostFacts): FactRow {
    const row = new Uint32Array(this.#columns.length)
    for (const [index, column] of this.#columns.entries()) row[index] = column.numberOf(facts)
    return row
  }

  /** The standing codes of all advisories, in their order. */
  standingsOf(row: FactRow): Uint8Array {
    const codes = new Uint8Array(this.#programs.length)
    for (const [index, program] of this.#programs.entries()) codes[index] = program(row)
    return codes
  }

  #compile(advisory: DecidingAdvisory, catalogue: BuildCatalogue): Program {
    const condition = advisory.condition
    const applies = condition === undefined ? (): number => UNKNOWN : this.#condition(condition)
    const inBuild = this.#table(
      `running:${advisory.component}`,
      (facts) => buildText(runningBuild(advisory, facts)),
      (facts) => codeOf(buildHoldsFix(advisory, runningBuild(advisory, facts), catalogue)),
    )
    const overBuild = this.#table('memoryFixes', memoryText, (facts) =>
      codeOf(memoryHoldsFix(advisory, facts)),
    )
    const disk = this.#table(
      `disk:${advisory.component}`,
      (facts) => buildText(buildOnDisk(advisory, facts)),
      (facts) => codeOf(buildHoldsFix(advisory, buildOnDisk(advisory, facts), catalogue)),
    )
    return (row) =>
      standingCode({
        applies: applies(row),
        memory: Math.max(inBuild(row), overBuild(row)),
        disk: disk(row),
      })
  }

  #condition(condition: Condition): Program {
    if ('all' in condition) {
      const parts = condition.all.map((part) => this.#condition(part))
      return (row) => {
        let least = 2
        for (const part of parts) {
          least = Math.min(least, part(row))
          if (least === 0) return 0
        }
        return least
      }
    }
    if ('any' in condition) {
      const parts = condition.any.map((part) => this.#condition(part))
      return (row) => {
        let greatest = 0
        for (const part of parts) {
          greatest = Math.max(greatest, part(row))
          if (greatest === 2) return 2
        }
        return greatest
      }
    }
    if ('not' in condition) {
      const part = this.#condition(condition.not)
      return (row) => 2 - part(row)
    }
    return this.#test(condition)
  }

  /** One table for all occurrences of a test, whatever sentence each of them comes from. */
  #test(test: FactTest): Program {
    const key = JSON.stringify({ ...test, source: '' })
    const known = this.#questions.get(key)
    if (known !== undefined) return known
    const read = (facts: HostFacts): string | undefined => readSubject(test, facts)
    const program = this.#table(subjectOf(test), read, (facts) => codeOf(judge(test, read(facts))))
    this.#questions.set(key, program)
    return program
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
    const answers: number[] = []
    return (row) => {
      const number = row[index] ?? 0
      const known = answers[number]
      if (known !== undefined) return known
      while (answers.length < column.size) answers.push(answer(column.exampleOf(answers.length)))
      return answers[number] ?? UNKNOWN
    }
  }

  #addColumn(subject: string, read: (facts: HostFacts) => string | undefined): number {
    const index = this.#columns.length
    this.#columns.push(new FactColumn(read))
    this.#columnIndex.set(subject, index)
    return index
  }
}

function buildText({ buildId, sourceVersion, ownVersion }: BuildSeen): string {
  return `${buildId ?? ''}\t${sourceVersion ?? ''}\t${ownVersion ?? ''}`
}

function memoryText({ memoryFixes }: HostFacts): string | undefined {
  return memoryFixes?.map(({ advisory, state }) => `${advisory} ${state}`).join('\t')
}
