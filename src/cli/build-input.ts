/**
 * What `reweave build` is given, checked before anything is done with it.
 *
 * @module
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { openSource } from '../build/open-source.ts'
import type { PatchIdentity } from '../build/patch-identity.ts'
import { describeSourceRefusal } from '../build/source-refusal.ts'
import type { SourceTree } from '../build/source-tree.ts'
import { PROBES } from '../host/probes.ts'
import { FIX_LIMITS } from '../hotfix/fix-limits.ts'
import { printable } from '../hotfix/fix-problem.ts'
import { BUNDLE_LIMITS } from '../hotfix/manifest.ts'
import { ADVISORY, CVE, NAME, type TextShape, TITLE } from '../hotfix/text-shapes.ts'
import { CommandFailed } from './command-failed.ts'
import type { ExitName } from './exit-code.ts'

/** What a user may say of a hotfix; the patch says the rest. */
export interface IdentityOptions {
  readonly out: string
  readonly name?: string
  readonly advisory?: string
  readonly title?: string
  readonly probe?: string
  readonly sideBySide?: string
  readonly labOnly?: boolean
}

/** What a hotfix is called and what it closes, in a form that a bundle takes. */
export interface ChosenIdentity {
  readonly name: string
  readonly advisory: string | undefined
  readonly cves: readonly string[]
  readonly title: string
  readonly probe: string | undefined
  readonly sideBySide: string | undefined
  readonly labOnly: boolean
}

/** Far above any patch; keeps a wrong file from filling memory. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024

/** The bytes of a patch or a fix. @throws CommandFailed with `exit` where they cannot be had */
export function readInput(file: string, exit: ExitName): Buffer {
  try {
    const status = statSync(file)
    if (status.isDirectory()) throw new Error('it is a directory')
    if (!status.isFile() && !status.isFIFO()) throw new Error('it is no file')
    if (status.size > MAX_INPUT_BYTES) {
      throw new Error(`it has ${status.size} bytes, wanted at most ${MAX_INPUT_BYTES}`)
    }
    return readFileSync(file)
  } catch (error) {
    throw new CommandFailed(exit, `Cannot read ${file}: ${reasonOf(error)}`, { file })
  }
}

/** @throws CommandFailed `sourceRefused` where a directory cannot be built from */
export function requireSource(directory: string): SourceTree {
  let opened
  try {
    opened = openSource(directory)
  } catch (error) {
    // Entries that cannot be read, or are no files where files should be.
    if (!isSystemError(error)) throw error
    const message = `Cannot build from ${directory}: ${reasonOf(error)}`
    throw new CommandFailed('sourceRefused', message, { directory })
  }
  if (opened.kind === 'opened') return opened.source
  const { refusal } = opened
  throw new CommandFailed('sourceRefused', describeSourceRefusal(refusal), { refusal })
}

/**
 * Sees that a file can be written there, so that nobody waits for a build to learn that it cannot.
 *
 * @throws CommandFailed `usage`; also where it would take the place of one of the inputs
 */
export function requireOutput(out: string, inputs: readonly string[]): void {
  const refuse = (reason: string): never => {
    throw new CommandFailed('usage', `Cannot write ${out}: ${reason}`, { file: out })
  }
  const directory = path.dirname(path.resolve(out))
  const status = statSync(directory, { throwIfNoEntry: false })
  if (status === undefined) refuse(`there is no directory ${directory}`)
  if (status?.isDirectory() === false) refuse(`${directory} is no directory`)
  const there = statSync(out, { throwIfNoEntry: false })
  if (there?.isDirectory() === true) refuse('it is a directory; name the file')
  if (there !== undefined && !there.isFile()) refuse('it is no regular file')
  try {
    accessSync(directory, constants.W_OK)
  } catch (error) {
    refuse(reasonOf(error))
  }
  if (there === undefined) return
  const taken = inputs.find((input) => isSameFile(input, out))
  if (taken !== undefined) refuse('the hotfix would take the place of what it is built from')
}

/**
 * Sees that a source can be put there, beside which it is unpacked.
 *
 * @throws CommandFailed `usage`
 */
export function requireSourcePlace(directory: string): void {
  const refuse = (reason: string): never => {
    throw new CommandFailed('usage', `Cannot put a source into ${directory}: ${reason}`, {
      directory,
    })
  }
  const there = statSync(directory, { throwIfNoEntry: false })
  if (there?.isDirectory() === false) refuse('it is no directory')
  // What is in it is looked at first, and may be the source.
  if (there !== undefined) return
  try {
    makeDirectory(path.dirname(directory))
    accessSync(path.dirname(directory), constants.W_OK)
  } catch (error) {
    refuse(reasonOf(error))
  }
}

/** @throws CommandFailed `usage` where builds cannot be kept */
export function requireCache(directory: string): void {
  try {
    makeDirectory(directory)
    accessSync(directory, constants.W_OK)
  } catch (error) {
    const message =
      `Cannot build in ${directory}: ${reasonOf(error)}; set REWEAVE_BUILD to a directory that ` +
      'can be written to'
    throw new CommandFailed('usage', message, { directory })
  }
}

// Node's own `recursive` never ends where a file system, such as /proc, answers ENOENT to mkdir
// although the parent is there (Node 24.21).
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return
  makeDirectory(path.dirname(directory))
  try {
    mkdirSync(directory)
  } catch (error) {
    // Another build may have made it meanwhile.
    if (!existsSync(directory)) throw error
  }
}

/** `xsa-506` of `out/xsa-506.hotfix`, unless a name was given. @throws CommandFailed `usage` */
export function chooseName({ name, out }: IdentityOptions): string {
  const chosen = name ?? path.basename(out, '.hotfix').toLowerCase()
  if (fits(chosen, NAME)) return chosen
  throw new CommandFailed(
    'usage',
    `${JSON.stringify(chosen)} is no name for a hotfix: wanted ${NAME.wanted}, at most ` +
      `${NAME.longest} characters${name === undefined ? '; give one with --name' : ''}`,
    { found: chosen },
  )
}

/**
 * What was said on the command line, else what the patch says of itself.
 *
 * @throws CommandFailed `usage` for what was said and a bundle cannot hold; what only the patch
 * says and a bundle cannot hold is left out
 */
export function chooseIdentity(
  options: IdentityOptions,
  said: PatchIdentity,
  patchFile: string,
): ChosenIdentity {
  const { advisory: given, sideBySide } = options
  const title = options.title ?? cut(printable(said.title ?? `built from ${patchFile}`))
  requireText('--title', title, TITLE)
  requireText('--advisory', given, ADVISORY)
  requireText('--side-by-side', sideBySide, {
    wanted: 'one line',
    longest: BUNDLE_LIMITS.reasonLength,
  })
  const own = said.advisory !== undefined && fits(said.advisory, ADVISORY)
  const advisory = given ?? (own ? said.advisory : undefined)
  return {
    name: chooseName(options),
    advisory,
    cves: said.cves.filter((cve) => fits(cve, CVE)).slice(0, FIX_LIMITS.cves),
    title,
    probe: chooseProbe(options.probe, advisory),
    sideBySide,
    labOnly: options.labOnly === true,
  }
}

function chooseProbe(wanted: string | undefined, advisory: string | undefined): string | undefined {
  if (wanted === undefined) return PROBES.find((probe) => probe.advisory === advisory)?.name
  const names = PROBES.map(({ name }) => name)
  if (names.includes(wanted)) return wanted
  throw new CommandFailed(
    'usage',
    `There is no probe ${JSON.stringify(wanted)}; known are ${names.join(', ')}`,
    { found: wanted },
  )
}

function requireText(option: string, text: string | undefined, shape: TextShape): void {
  if (text === undefined || fits(text, shape)) return
  throw new CommandFailed(
    'usage',
    `Cannot take ${JSON.stringify(text)} for ${option}: wanted ${shape.wanted}, at most ` +
      `${shape.longest} characters`,
    { found: text },
  )
}

function fits(text: string, { longest, pattern }: TextShape): boolean {
  const plain = text !== '' && text.length <= longest && printable(text) === text
  return plain && (pattern === undefined || pattern.test(text))
}

/** No half of a surrogate pair is left at the end. */
function cut(title: string): string {
  return title.slice(0, TITLE.longest).replace(/[\uD800-\uDBFF]$/, '')
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    // What is not there, such as a build-id, is no file.
    return false
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Node appends the system call and the path: "ENOENT: no such file or directory, open '…'". */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return isSystemError(error) ? (message.split(', ')[0] ?? message) : message
}
