/**
 * The shelf: the folders in which hotfixes are found by name, and the reading of their files.
 *
 * A bundle and a bare fix file come to the same: the fix file is put into a bundle as it is read.
 *
 * @module
 */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Bundle } from '../hotfix/bundle.ts'
import { type BundleRefusal, describeBundleRefusal } from '../hotfix/bundle-refusal.ts'
import type { FixProblem } from '../hotfix/fix-problem.ts'
import { readBundle } from '../hotfix/read-bundle.ts'
import { REWEAVE_VERSION } from '../hotfix/reweave-version.ts'
import { bundleWrittenFix } from '../hotfix/write-bundle.ts'
import type { BuildId } from '../image/build-id.ts'
import { keptFiles } from './kept-hotfixes.ts'
import { sha256 } from './sha256.ts'

/** Why a hotfix cannot be used. */
export type ShelfRefusal =
  | { readonly kind: 'missing'; readonly wanted: string; readonly searched: readonly string[] }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string }
  | { readonly kind: 'malformed'; readonly file: string; readonly problems: readonly FixProblem[] }
  | { readonly kind: 'bad-bundle'; readonly file: string; readonly refusal: BundleRefusal }
  | { readonly kind: 'base-missing'; readonly fix: string; readonly wanted: string }
  /** Several have the name, each for a build of its own, and none is for the one that runs. */
  | {
      readonly kind: 'several-builds'
      readonly wanted: string
      readonly found: readonly { readonly file: string; readonly buildId: BuildId }[]
    }

/** A hotfix, with the ones it has to do with on the same shelf. */
export interface ShelvedHotfix {
  readonly hotfix: Bundle
  readonly file: string
  /** The hotfix that it stands on. */
  readonly base: Bundle | undefined
  /** Hotfixes for the same build that stand on it. */
  readonly dependents: readonly Bundle[]
}

export type ShelfOutcome =
  | { readonly kind: 'found'; readonly shelved: ShelvedHotfix }
  | { readonly kind: 'refused'; readonly refusal: ShelfRefusal }

/** Where hotfixes are looked for by name. */
export interface Shelf {
  /** Folders that somebody puts files into, best first. */
  readonly folders: readonly string[]
  /** The host's folder of durable state, with the hotfixes that were applied. */
  readonly state: string
  /** The build that runs here; undefined where no Xen does, or one without a build-id. */
  readonly running: BuildId | undefined
}

/** Which file is meant when the shelf and what was applied both have the name. */
export type ShelfPreference = 'shelf' | 'kept'

export function describeShelfRefusal(refusal: ShelfRefusal): string {
  switch (refusal.kind) {
    case 'missing':
      return (
        `There is no fix '${refusal.wanted}': looked in ${refusal.searched.join(', ')}; ` +
        'give a name that is there, or the path of a hotfix or a fix file'
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
    case 'bad-bundle':
      return `${refusal.file} ${describeBundleRefusal(refusal.refusal)}; nothing was written`
    case 'base-missing':
      return `${refusal.fix} stands on '${refusal.wanted}', which is not beside it on the shelf`
    case 'several-builds':
      return [
        `There are several hotfixes '${refusal.wanted}', none of them for a build that runs here; ` +
          'nothing was written. Give the path of one:',
        ...refusal.found.map(({ file, buildId }) => `  ${file} is for build ${buildId}`),
      ].join('\n')
  }
}

/**
 * Finds a hotfix by its name, or by a path, which must hold a slash or end in `.yaml` or `.hotfix`.
 *
 * Of several with the name the one for the build that runs is meant, and among those `preference`
 * decides. Where none is for it, they must all be for one build.
 *
 * Files that were not asked for are passed over if they are malformed.
 */
export function findHotfix(
  wanted: string,
  shelf: Shelf,
  preference: ShelfPreference,
): ShelfOutcome {
  const files = isPath(wanted) ? [wanted] : filesNamed(wanted, shelf, preference)
  const chosen = chooseFile(wanted, files, shelf)
  if (chosen.kind === 'refused') return chosen
  const { file, hotfix } = chosen
  const { name, onTopOf } = hotfix.manifest
  const others = otherHotfixes(file, hotfix, shelf)
  const base = others.find((other) => other.manifest.name === onTopOf)
  if (onTopOf !== undefined && base === undefined) {
    return refused({ kind: 'base-missing', fix: name, wanted: onTopOf })
  }
  const dependents = others.filter((other) => other.manifest.onTopOf === name)
  return { kind: 'found', shelved: { hotfix, file, base, dependents } }
}

type ChosenFile =
  | { readonly kind: 'chosen'; readonly file: string; readonly hotfix: Bundle }
  | { readonly kind: 'refused'; readonly refusal: ShelfRefusal }

/** The file that is meant, of those with the name, best first. */
function chooseFile(wanted: string, files: readonly string[], shelf: Shelf): ChosenFile {
  const [best] = files
  if (best === undefined) return refused({ kind: 'missing', wanted, searched: shelf.folders })
  const read = readHotfixFile(best)
  if (read.kind === 'refused') return read
  const first = { file: best, hotfix: read.hotfix }
  const found = [first, ...files.slice(1).flatMap(readable)]
  const buildIdOf = ({ hotfix }: { readonly hotfix: Bundle }): BuildId =>
    hotfix.manifest.base.buildId
  const running = found.find((each) => buildIdOf(each) === shelf.running)
  if (running === undefined && found.some((each) => buildIdOf(each) !== buildIdOf(first))) {
    const builds = found.map((each) => ({ file: each.file, buildId: buildIdOf(each) }))
    return refused({ kind: 'several-builds', wanted, found: builds })
  }
  return { kind: 'chosen', ...(running ?? first) }
}

/** Whether the argument of a command is a path, and not a name. */
export function isPath(wanted: string): boolean {
  return wanted.includes('/') || EXTENSIONS.some((extension) => wanted.endsWith(extension))
}

/** All well-formed hotfixes, each once for a name and a build: what was applied goes first. */
export function listHotfixes(shelf: Shelf): readonly Bundle[] {
  return distinct([...keptFiles(shelf.state), ...filesIn(shelf.folders)])
}

/** Those of them that are for the build; none where it has no build-id. */
export function listHotfixesFor(buildId: BuildId | undefined, shelf: Shelf): readonly Bundle[] {
  return listHotfixes(shelf).filter(({ manifest }) => manifest.base.buildId === buildId)
}

/** The hotfix of that name that was applied on this host, if one is kept. */
export function findKept(name: string, shelf: Shelf): Bundle | undefined {
  const kept = distinct(keptFiles(shelf.state, name))
  return kept.find(({ manifest }) => manifest.base.buildId === shelf.running) ?? kept[0]
}

/** Reads a bundle or a fix file, told apart by what they begin with. */
export function readHotfixFile(
  file: string,
):
  | { readonly kind: 'read'; readonly hotfix: Bundle }
  | { readonly kind: 'refused'; readonly refusal: ShelfRefusal } {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return refused({ kind: 'unreadable', file, reason })
  }
  if (file.endsWith('.yaml')) {
    const text = new TextDecoder().decode(bytes)
    const outcome = bundleWrittenFix(text, { reweave: REWEAVE_VERSION, sha256 })
    if (outcome.kind === 'bundled') return { kind: 'read', hotfix: outcome.bundle }
    return refused({ kind: 'malformed', file, problems: outcome.problems })
  }
  const read = readBundle(bytes, sha256)
  if (read.kind === 'read') return { kind: 'read', hotfix: read.bundle }
  return refused({ kind: 'bad-bundle', file, refusal: read.refusal })
}

const EXTENSIONS = ['.yaml', '.hotfix'] as const

function filesNamed(name: string, shelf: Shelf, preference: ShelfPreference): readonly string[] {
  const kept = keptFiles(shelf.state, name)
  const shelved = filesIn(shelf.folders).filter((file) => isNamed(file, name))
  return preference === 'kept' ? [...kept, ...shelved] : [...shelved, ...kept]
}

/** Those for the same build, each name once: beside the file itself, applied, and in the folders. */
function otherHotfixes(file: string, hotfix: Bundle, shelf: Shelf): readonly Bundle[] {
  const beside = filesIn([path.dirname(file)])
  const files = [...beside, ...keptFiles(shelf.state), ...filesIn(shelf.folders)]
  const { name, base } = hotfix.manifest
  return distinct(files).filter(
    ({ manifest }) => manifest.name !== name && manifest.base.buildId === base.buildId,
  )
}

function distinct(files: readonly string[]): readonly Bundle[] {
  const found = new Map<string, Bundle>()
  for (const { hotfix } of files.flatMap(readable)) {
    const { name, base } = hotfix.manifest
    const key = `${name} ${base.buildId}`
    if (!found.has(key)) found.set(key, hotfix)
  }
  return [...found.values()]
}

function readable(file: string): readonly { readonly file: string; readonly hotfix: Bundle }[] {
  const read = readHotfixFile(file)
  return read.kind === 'read' ? [{ file, hotfix: read.hotfix }] : []
}

function filesIn(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => globSync(path.join(folder, '*.{yaml,hotfix}')).sort())
}

/** By the file's name, or for a bundle by what it calls itself. */
function isNamed(file: string, name: string): boolean {
  if (path.basename(file).replace(/\.(?:yaml|hotfix)$/, '') === name) return true
  if (!file.endsWith('.hotfix')) return false
  const read = readHotfixFile(file)
  return read.kind === 'read' && read.hotfix.manifest.name === name
}

function refused(refusal: ShelfRefusal): {
  readonly kind: 'refused'
  readonly refusal: ShelfRefusal
} {
  return { kind: 'refused', refusal }
}
