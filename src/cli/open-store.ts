import os from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import type { Viewer } from '../advisory/embargo.ts'
import type { Instant } from '../advisory/host-facts.ts'
import { AdvisoryStore, type StoredAdvisory } from '../store/advisory-store.ts'
import { NotCleared, StoreUnreadable } from '../store/store-failure.ts'
import { storeFolders, type StoreFolders } from '../store/store-folders.ts'
import { describeImportProblem } from '../advisory/import-problem.ts'
import { CommandFailed } from './command-failed.ts'
import { kitFolder } from './open-host.ts'
import { progress } from './output.ts'

/** Options of the commands that read or change a controller's state. */
export interface StoreOptions {
  readonly store?: string
  readonly json?: boolean
  readonly cleared?: boolean
}

export function withStoreOptions(command: Command): Command {
  return command
    .option('--store <folder>', 'where the state is kept (default: $REWEAVE_STORE or ./.reweave)')
    .option('--json', 'print the result for programs')
}

/** For commands that show advisories: what is embargoed is left out unless it is asked for. */
export function withClearanceOption(command: Command): Command {
  return command.option(
    '--cleared',
    'show embargoed advisories in full; needs read access to the embargoed folder',
  )
}

export function foldersOf(options: StoreOptions): StoreFolders {
  const root = options.store ?? process.env['REWEAVE_STORE'] ?? '.reweave'
  return storeFolders(path.resolve(root), [path.join(kitFolder(), 'data/advisories')])
}

/** This moment. The one place where the advisories' commands look at the clock. */
export function now(): Instant {
  return new Date().toISOString()
}

/** Who looks. Nobody is cleared without having asked to be. */
export function viewerOf(options: StoreOptions): Viewer {
  return { cleared: options.cleared ?? false, now: now() }
}

/** All advisories as the viewer may see them; files that cannot be read are named and left out. */
export function loadAdvisories(options: StoreOptions, viewer: Viewer): readonly StoredAdvisory[] {
  return withStoreFailures(() => {
    const { advisories, problems } = new AdvisoryStore(foldersOf(options)).load(viewer)
    for (const problem of problems) progress(`reweave: ${describeImportProblem(problem)}`)
    return advisories
  })
}

/** Runs `work`; what the store refuses ends the command with its documented code. */
export function withStoreFailures<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof NotCleared) {
      throw new CommandFailed(
        'notCleared',
        `${error.message}. Ask its owner, ${os.userInfo().username} is not among its readers`,
      )
    }
    if (error instanceof StoreUnreadable) throw new CommandFailed('badStore', error.message)
    throw error
  }
}

/** The number in `XSA-506`, `xsa506` or `506`. */
export function requireXsa(text: string): number {
  const digits = /^(?:xsa-?)?([1-9]\d{0,6})$/i.exec(text.trim())?.[1]
  if (digits === undefined) {
    throw new CommandFailed('usage', `'${text}' names no advisory; write XSA-506, for example`)
  }
  return Number(digits)
}

/** The advisory of that number, in full or as its embargo lets it be seen. */
export function requireAdvisory(
  advisories: readonly StoredAdvisory[],
  xsa: number,
): StoredAdvisory {
  const found = advisories.find((one) => numberOf(one) === xsa)
  if (found !== undefined) return found
  throw new CommandFailed(
    'unknownAdvisory',
    `XSA-${xsa} is not known here; import it with 'reweave advisory import'`,
  )
}

export function numberOf(stored: StoredAdvisory): number {
  return stored.kind === 'embargoed' ? stored.view.xsa : stored.view.advisory.xsa
}
