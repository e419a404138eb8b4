import { readFileSync, statSync, globSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import type { Embargo } from '../advisory/advisory.ts'
import { describeImportProblem, type ImportProblem } from '../advisory/import-problem.ts'
import { parseInstant } from '../advisory/instant.ts'
import { JSON_LIMITS } from '../advisory/parse-json.ts'
import { readAdvisoryFile } from '../advisory/read-file.ts'
import { type AdvisoryStatement, emptyStatement } from '../advisory/statement.ts'
import { type Added, AdvisoryStore } from '../store/advisory-store.ts'
import { CommandFailed } from './command-failed.ts'
import { exitCode } from './exit-code.ts'
import {
  foldersOf,
  now as currentTime,
  type StoreOptions,
  withStoreFailures,
  withStoreOptions,
} from './open-store.ts'
import { print, progress } from './output.ts'

interface ImportOptions extends StoreOptions {
  readonly public?: boolean
  readonly embargoedUntil?: string
}

/** What an import came to. */
export interface ImportReport {
  readonly files: number
  readonly advisories: readonly Added[]
  readonly problems: readonly ImportProblem[]
}

export function advisoryImportCommand(): Command {
  const command = new Command('import')
    .description('takes in advisories: xsa.json, xsaN.meta, texts, CVE JSON 5, CSAF 2.0')
    .argument('<PATH...>', 'files, or folders with such files in them')
    .option('--public', 'they are public, whether the files say so or not')
    .option('--embargoed-until <time>', 'they are embargoed until this planned disclosure, in UTC')
  return withStoreOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  reweave advisory import xsa.json /media/usb/advisories\n' +
        "  reweave advisory import xsa600.txt --embargoed-until '2026-12-01 12:00'\n\n" +
        'An advisory of which nothing says that it is public is kept as embargoed. Exits 23 when a\n' +
        'file or a part of one could not be taken in; the rest is.\n',
    )
    .action((paths: readonly string[], options: ImportOptions) => {
      const report = importAdvisories(paths, options)
      print(options.json ?? false, report, renderImport(report))
      if (report.problems.some(({ lost }) => lost === 'file' || lost === 'entry')) {
        process.exitCode = exitCode('badAdvisory')
      }
    })
}

function importAdvisories(paths: readonly string[], options: ImportOptions): ImportReport {
  const now = currentTime()
  const embargo = embargoOf(options)
  const files = paths.flatMap(filesAt)
  const statements: AdvisoryStatement[] = []
  const problems: ImportProblem[] = []
  progress(`Reading ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  for (const file of files) {
    const name = path.basename(file)
    const text = readText(file, problems)
    if (text === undefined) continue
    const read = readAdvisoryFile(text, { name, now })
    statements.push(...read.statements)
    problems.push(...read.problems)
  }
  if (embargo !== undefined) statements.push(...operatorStatements(statements, embargo))
  progress(`Keeping what they say of ${new Set(statements.map(({ xsa }) => xsa)).size} advisories`)
  const store = new AdvisoryStore(foldersOf(options))
  const advisories = withStoreFailures(() => store.add(statements, now))
  return { files: files.length, advisories, problems }
}

/** What the person who imports says of the embargo, as a source of its own. */
function operatorStatements(
  statements: readonly AdvisoryStatement[],
  embargo: Embargo,
): readonly AdvisoryStatement[] {
  const numbers = [...new Set(statements.map(({ xsa }) => xsa))]
  return numbers.map((xsa) => ({
    ...emptyStatement(xsa, { kind: 'operator', reference: 'advisory import' }),
    embargo,
  }))
}

function embargoOf(options: ImportOptions): Embargo | undefined {
  if (options.public && options.embargoedUntil !== undefined) {
    throw new CommandFailed('usage', 'An advisory is public or embargoed, not both')
  }
  if (options.public) return { state: 'A', dates: {} }
  if (options.embargoedUntil === undefined) return undefined
  const read = parseInstant(options.embargoedUntil)
  if (read.kind !== 'instant') {
    throw new CommandFailed(
      'usage',
      `'${options.embargoedUntil}' is no time; write 2026-12-01 12:00, for example`,
    )
  }
  return { state: 'P', dates: { A: read.instant } }
}

function filesAt(given: string): readonly string[] {
  const stats = statSync(given, { throwIfNoEntry: false })
  if (stats === undefined) throw new CommandFailed('usage', `There is no file or folder '${given}'`)
  if (!stats.isDirectory()) return [given]
  return globSync('**/*.{json,meta,txt,asc,eml}', { cwd: given })
    .sort()
    .map((file) => path.join(given, file))
}

/** The file's text. Undefined, and a problem, where it cannot be read or is no text in UTF-8. */
function readText(file: string, problems: ImportProblem[]): string | undefined {
  const name = path.basename(file)
  const lost = (problem: Pick<ImportProblem, 'name' | 'sentence'>): undefined => {
    problems.push({ ...problem, file: name, at: '', lost: 'file' })
    return undefined
  }
  try {
    const { size } = statSync(file)
    // In UTF-8 a character has four bytes at most.
    if (size > JSON_LIMITS.longestText * 4) {
      return lost({ name: 'too-large', sentence: `The file has ${size} bytes` })
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return error instanceof TypeError
      ? lost({ name: 'not-text', sentence: 'The file is no text in UTF-8' })
      : lost({ name: 'unreadable', sentence: `The file cannot be read (${code})` })
  }
}

/** The report for people. Of embargoed advisories it has the number and the date alone. */
export function renderImport(report: ImportReport): string {
  const { files, advisories, problems } = report
  const kept = advisories.filter((one) => one.kind === 'kept')
  const added = kept.filter((one) => one.added > 0)
  const lines = [
    `${files} ${files === 1 ? 'file' : 'files'}: ${added.length} advisories with something new, ` +
      `${kept.length - added.length} known as they are`,
  ]
  for (const one of advisories) {
    if (one.kind === 'not-cleared') {
      lines.push(`XSA-${one.xsa}: embargoed here; nothing was added, this user is not cleared`)
    } else if (one.embargoed) {
      const until =
        one.disclosureAt === undefined ? 'no date is known' : `until ${one.disclosureAt}`
      lines.push(`XSA-${one.xsa}: kept behind its embargo (${until})`)
    } else if (one.disagreeing.length > 0) {
      lines.push(`XSA-${one.xsa}: its sources disagree on ${one.disagreeing.join(', ')}`)
    }
  }
  return [...lines, ...problems.map(describeImportProblem)].join('\n')
}
