import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Fix } from '../hotfix/fix.ts'
import { type FixProblem } from '../hotfix/fix-problem.ts'
import { parseFix } from '../hotfix/parse-fix.ts'

/** Why a fix cannot be used. */
export type ShelfRefusal =
  | { readonly kind: 'missing'; readonly wanted: string; readonly searched: readonly string[] }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string }
  | { readonly kind: 'malformed'; readonly file: string; readonly problems: readonly FixProblem[] }
  | { readonly kind: 'base-missing'; readonly fix: string; readonly wanted: string }

/** A fix, with the ones it has to do with on the same shelf. */
export interface ShelvedFix {
  readonly fix: Fix
  readonly file: string
  /** The fix that it stands on. */
  readonly base: Fix | undefined
  /** Fixes for the same build that stand on it. */
  readonly dependents: readonly Fix[]
}

export type ShelfOutcome =
  | { readonly kind: 'found'; readonly shelved: ShelvedFix }
  | { readonly kind: 'refused'; readonly refusal: ShelfRefusal }

export function describeShelfRefusal(refusal: ShelfRefusal): string {
  switch (refusal.kind) {
    case 'missing':
      return (
        `There is no fix '${refusal.wanted}': looked in ${refusal.searched.join(', ')}; ` +
        'give a name that is there, or the path of a fix file'
      )
    case 'unreadable':
      return `Cannot read ${refusal.file}: ${refusal.reason}`
    case 'malformed':
      return [
        `${refusal.file} is no valid fix; nothing was written`,
        ...refusal.problems.map(
          (problem) => `  ${refusal.file}:${problem.line}:${problem.column}: ${problem.sentence}`,
        ),
      ].join('\n')
    case 'base-missing':
      return `${refusal.fix} stands on '${refusal.wanted}', which is not beside it on the shelf`
  }
}

/**
 * Finds a fix by its name on the shelf (`folders`), or by a path, which must hold a slash or end
 * in `.yaml`. Fixes that the file itself does not name are passed over if they are malformed.
 */
export function findFix(wanted: string, folders: readonly string[]): ShelfOutcome {
  const isPath = wanted.includes('/') || wanted.endsWith('.yaml')
  const shelf = isPath ? [path.dirname(wanted), ...folders] : folders
  const file = isPath ? wanted : fixFiles(shelf).find((each) => named(each) === wanted)
  if (file === undefined) return refused({ kind: 'missing', wanted, searched: folders })
  const read = readFix(file)
  if (read.kind === 'refused') return read

  const { fix } = read
  const others = otherFixes(file, fix, shelf)
  const base = others.find((other) => other.name === fix.onTopOf)
  if (fix.onTopOf !== undefined && base === undefined) {
    return refused({ kind: 'base-missing', fix: fix.name, wanted: fix.onTopOf })
  }
  const dependents = others.filter((other) => other.onTopOf === fix.name)
  return { kind: 'found', shelved: { fix, file, base, dependents } }
}

/** The names of all well-formed fixes in the folders, in order. */
export function listFixes(folders: readonly string[]): readonly Fix[] {
  return fixFiles(folders).flatMap((file) => {
    const read = readFix(file)
    return read.kind === 'read' ? [read.fix] : []
  })
}

function otherFixes(file: string, fix: Fix, shelf: readonly string[]): readonly Fix[] {
  const files = fixFiles(shelf).filter((each) => path.resolve(each) !== path.resolve(file))
  return files.flatMap((each) => {
    const read = readFix(each)
    const sameBuild = read.kind === 'read' && read.fix.base.buildId === fix.base.buildId
    return sameBuild ? [read.fix] : []
  })
}

function fixFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => globSync(path.join(folder, '*.yaml')).sort())
}

function named(file: string): string {
  return path.basename(file, '.yaml')
}

function readFix(
  file: string,
): { readonly kind: 'read'; readonly fix: Fix } | { kind: 'refused'; refusal: ShelfRefusal } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return refused({ kind: 'unreadable', file, reason })
  }
  const parsed = parseFix(text)
  if (parsed.kind === 'refused') {
    return refused({ kind: 'malformed', file, problems: parsed.problems })
  }
  return { kind: 'read', fix: parsed.fix }
}

function refused(refusal: ShelfRefusal): {
  readonly kind: 'refused'
  readonly refusal: ShelfRefusal
} {
  return { kind: 'refused', refusal }
}
