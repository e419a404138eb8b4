import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import {
  type CombinedAdvisory,
  combineStatements,
  numbersOf,
} from '../advisory/combine-statements.ts'
import { type Assessment, parseAssessment } from '../advisory/assessment.ts'
import { parseJson } from '../advisory/parse-json.ts'
import {
  type EmbargoedView,
  embargoedView,
  isEmbargoed,
  type Viewer,
  viewOf,
  type WholeView,
} from '../advisory/embargo.ts'
import type { Instant } from '../advisory/host-facts.ts'
import type { ImportProblem } from '../advisory/import-problem.ts'
import { isRecord } from '../advisory/json-fields.ts'
import { readAdvisoryFile } from '../advisory/read-file.ts'
import type { AdvisoryStatement } from '../advisory/statement.ts'
import { appendLine, makeShutFolder, readLines, type Readers, writeWhole } from './durable-file.ts'
import { NotCleared, StoreUnreadable } from './store-failure.ts'
import type { StoreFolders } from './store-folders.ts'

/** One advisory as the viewer may see it. */
export type StoredAdvisory =
  | { readonly kind: 'embargoed'; readonly view: EmbargoedView }
  | {
      readonly kind: 'whole'
      readonly view: WholeView
      readonly combined: CombinedAdvisory
      readonly assessments: readonly Assessment[]
    }

export interface LoadedAdvisories {
  /** By rising number. */
  readonly advisories: readonly StoredAdvisory[]
  /** Files of the store that could not be read. The rest is loaded. */
  readonly problems: readonly ImportProblem[]
}

/** What became of the statements on one advisory. */
export type Added =
  /** Embargoed here, and the user may not read what is known of it: nothing was added. */
  { readonly kind: 'not-cleared'; readonly xsa: number } | KeptStatements

export interface KeptStatements {
  readonly kind: 'kept'
  readonly xsa: number
  readonly added: number
  readonly alreadyThere: number
  readonly embargoed: boolean
  readonly disclosureAt: Instant | undefined
  /** Fields of which the sources now say different things. */
  readonly disagreeing: readonly string[]
}

/** What is said of an embargoed advisory outside `embargoed/`. */
const STUB = 'embargoed.json'
const ASSESSMENTS = 'assessments.jsonl'

/**
 * The advisories that a controller knows, in files.
 *
 * Statements are never changed and never lost: a statement's file is named by its content. Whoever
 * is not cleared never opens a file of the embargoed folder, and a cleared viewer without access to
 * it is refused, not shown less.
 */
export class AdvisoryStore {
  readonly #folders: StoreFolders

  constructor(folders: StoreFolders) {
    this.#folders = folders
  }

  load(viewer: Viewer): LoadedAdvisories {
    const problems: ImportProblem[] = []
    const open = this.#openStatements(viewer.now, problems)
    const secret = viewer.cleared ? this.#embargoedStatements(viewer.now, problems) : []
    const stubs = viewer.cleared ? new Map<number, EmbargoedView>() : this.#stubs()
    const all = [...open, ...secret]
    const byNumber = Map.groupBy(all, ({ xsa }) => xsa)
    const numbers = [...new Set([...byNumber.keys(), ...stubs.keys()])].sort((a, b) => a - b)
    const advisories = numbers.map((xsa): StoredAdvisory => {
      const stub = stubs.get(xsa)
      if (stub !== undefined) return { kind: 'embargoed', view: stub }
      const combined = combineStatements(xsa, byNumber.get(xsa) ?? [])
      const view = viewOf(combined.advisory, viewer)
      return view.kind === 'embargoed'
        ? { kind: 'embargoed', view }
        : { kind: 'whole', view, combined, assessments: this.#assessments(xsa, view.embargoed) }
    })
    return { advisories, problems }
  }

  /**
   * Keeps statements, and puts each advisory that they speak of where it belongs: an embargoed one
   * behind the embargo, one that has become public outside of it.
   */
  add(statements: readonly AdvisoryStatement[], now: Instant): readonly Added[] {
    const open = Map.groupBy(this.#openStatements(now, []), ({ xsa }) => xsa)
    const shipped = Map.groupBy(this.#shippedStatements(now, []), ({ xsa }) => xsa)
    return numbersOf(statements).map((xsa): Added => {
      const secret = this.#secretOf(xsa, now)
      if (secret === 'not-cleared') return { kind: 'not-cleared', xsa }
      const known = [...(open.get(xsa) ?? []), ...secret]
      const isKnown = new Set(known.map(contentName))
      const given = new Map(
        statements.filter((one) => one.xsa === xsa).map((one) => [contentName(one), one]),
      )
      const fresh = [...given].filter(([name]) => !isKnown.has(name)).map(([, one]) => one)
      const { advisory, disagreements } = combineStatements(xsa, [...known, ...fresh])
      const embargoed = isEmbargoed(advisory.embargo, now)
      const isShipped = new Set((shipped.get(xsa) ?? []).map(contentName))
      const own = [...known, ...fresh].filter((one) => !isShipped.has(contentName(one)))
      if (embargoed) this.#putBehindEmbargo(xsa, own, advisory.embargo.dates.A)
      else this.#putInTheOpen(xsa, own)
      return {
        kind: 'kept',
        xsa,
        added: fresh.length,
        alreadyThere: given.size - fresh.length,
        embargoed,
        disclosureAt: embargoed
          ? embargoedView(xsa, advisory.embargo.dates.A).disclosureAt
          : undefined,
        disagreeing: embargoed ? [] : disagreements.map(({ field }) => field),
      }
    })
  }

  /** Puts an assessment on record, beside those before it. */
  assess(assessment: Assessment, embargoed: boolean): void {
    const line = JSON.stringify(assessment)
    appendLine(this.#assessmentFile(assessment.xsa, embargoed), line, embargoed ? 'cleared' : 'all')
  }

  #putBehindEmbargo(
    xsa: number,
    statements: readonly AdvisoryStatement[],
    disclosureAt: Instant | undefined,
  ): void {
    makeShutFolder(this.#folders.embargoed)
    const behind = path.join(this.#folders.embargoed, folderName(xsa))
    const outside = path.join(this.#folders.advisories, folderName(xsa))
    for (const one of statements) {
      writeStatement(behind, one, 'cleared')
      rmSync(path.join(outside, contentName(one)), { force: true })
    }
    this.#moveAssessments(xsa, { embargoed: true })
    const { xsa: number, disclosureAt: date } = embargoedView(xsa, disclosureAt)
    const stub = { formatVersion: 1, xsa: number, disclosureAt: date }
    writeWhole(path.join(outside, STUB), `${JSON.stringify(stub)}\n`, 'all')
  }

  #putInTheOpen(xsa: number, statements: readonly AdvisoryStatement[]): void {
    const behind = path.join(this.#folders.embargoed, folderName(xsa))
    const outside = path.join(this.#folders.advisories, folderName(xsa))
    for (const one of statements) {
      writeStatement(outside, one, 'all')
    }
    this.#moveAssessments(xsa, { embargoed: false })
    rmSync(path.join(outside, STUB), { force: true })
    rmSync(behind, { recursive: true, force: true })
  }

  /** Takes the assessments to the other side of the embargo, behind those that are there. */
  #moveAssessments(xsa: number, to: { readonly embargoed: boolean }): void {
    const from = this.#assessmentFile(xsa, !to.embargoed)
    if (!existsSync(from)) return
    const lines = readLines(from)
    const target = this.#assessmentFile(xsa, to.embargoed)
    if (lines.length > 0) appendLine(target, lines.join('\n'), to.embargoed ? 'cleared' : 'all')
    rmSync(from)
  }

  #openStatements(now: Instant, problems: ImportProblem[]): readonly AdvisoryStatement[] {
    const own = folders(this.#folders.advisories).flatMap((folder) =>
      readStatements(path.join(this.#folders.advisories, folder), { now, problems }),
    )
    return [...this.#shippedStatements(now, problems), ...own]
  }

  #shippedStatements(now: Instant, problems: ImportProblem[]): readonly AdvisoryStatement[] {
    return this.#folders.shipped.flatMap((folder) => readStatements(folder, { now, problems }))
  }

  #embargoedStatements(now: Instant, problems: ImportProblem[]): readonly AdvisoryStatement[] {
    const { embargoed } = this.#folders
    if (!existsSync(embargoed)) return []
    return withClearance(embargoed, () =>
      folders(embargoed).flatMap((folder) =>
        readStatements(path.join(embargoed, folder), { now, problems }),
      ),
    )
  }

  /** What lies behind the embargo of one advisory. */
  #secretOf(xsa: number, now: Instant): readonly AdvisoryStatement[] | 'not-cleared' {
    const { advisories, embargoed } = this.#folders
    if (!existsSync(path.join(advisories, folderName(xsa), STUB))) return []
    try {
      return withClearance(embargoed, () => {
        // First the folder itself: to whom may not enter it, nothing seems to be in it.
        readdirSync(embargoed)
        return readStatements(path.join(embargoed, folderName(xsa)), { now, problems: [] })
      })
    } catch (error) {
      if (error instanceof NotCleared) return 'not-cleared'
      throw error
    }
  }

  #stubs(): ReadonlyMap<number, EmbargoedView> {
    const found = folders(this.#folders.advisories).flatMap((folder) => {
      const xsa = Number(/^xsa-([1-9]\d{0,6})$/.exec(folder)?.[1])
      const file = path.join(this.#folders.advisories, folder, STUB)
      if (Number.isNaN(xsa) || !existsSync(file)) return []
      return [[xsa, embargoedView(xsa, dateInStub(readFileSync(file, 'utf8')))] as const]
    })
    return new Map(found)
  }

  #assessments(xsa: number, embargoed: boolean): readonly Assessment[] {
    const file = this.#assessmentFile(xsa, embargoed)
    return readLines(file).map((line) => {
      const json = parseJson(line)
      const assessment = json.kind === 'json' ? parseAssessment(json.value) : undefined
      if (assessment === undefined) throw new StoreUnreadable(file)
      return assessment
    })
  }

  #assessmentFile(xsa: number, embargoed: boolean): string {
    return embargoed
      ? path.join(this.#folders.embargoed, folderName(xsa), ASSESSMENTS)
      : path.join(this.#folders.assessments, `${folderName(xsa)}.jsonl`)
  }
}

function folderName(xsa: number): string {
  return `xsa-${xsa}`
}

/** Says what the statement is, and changes with its content. */
function contentName(statement: AdvisoryStatement): string {
  const kind = statement.source.kind.replaceAll(/[^a-z0-9.-]/gi, '-')
  const hash = createHash('sha256').update(toText(statement)).digest('hex')
  return `${kind}-${hash.slice(0, 16)}.json`
}

/** What is there already has the same content, by its name. */
function writeStatement(folder: string, statement: AdvisoryStatement, readers: Readers): void {
  const file = path.join(folder, contentName(statement))
  if (!existsSync(file)) writeWhole(file, toText(statement), readers)
}

function toText(statement: AdvisoryStatement): string {
  return `${JSON.stringify(statement, undefined, 2)}\n`
}

function folders(parent: string): readonly string[] {
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

function readStatements(
  folder: string,
  context: { readonly now: Instant; readonly problems: ImportProblem[] },
): readonly AdvisoryStatement[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== STUB)
    .sort()
    .flatMap((name) => {
      const text = readFileSync(path.join(folder, name), 'utf8')
      const { statements, problems } = readAdvisoryFile(text, { name, now: context.now })
      context.problems.push(...problems)
      return statements
    })
}

/** A stub that was damaged still says that there is an issue. */
function dateInStub(text: string): string | undefined {
  try {
    const stub: unknown = JSON.parse(text)
    const date = isRecord(stub) ? stub['disclosureAt'] : undefined
    return typeof date === 'string' ? date : undefined
  } catch {
    return undefined
  }
}

function withClearance<T>(folder: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES' || code === 'EPERM') throw new NotCleared(folder, { cause: error })
    throw error
  }
}
