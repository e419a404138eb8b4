import path from 'node:path'
import type { Bundle } from '../hotfix/bundle.ts'
import {
  describeShelfRefusal,
  findHotfix,
  type Shelf,
  type ShelfPreference,
  type ShelfRefusal,
  type ShelvedHotfix,
} from '../host/fix-shelf.ts'
import { HOST_FOLDERS } from '../host/folders.ts'
import type { BuildId } from '../image/build-id.ts'
import { Hypervisor } from '../xen/hypervisor.ts'
import { readBuildId } from '../xen/identity.ts'
import { CommandFailed } from './command-failed.ts'
import type { ExitName } from './exit-code.ts'
import { kitFolder } from './open-host.ts'

let shelf: Shelf | undefined

/** Where hotfixes are looked for by name. Neither the places nor the build change while this runs. */
export function hotfixShelf(): Shelf {
  shelf ??= {
    folders: [path.join(kitFolder(), 'fixes'), '/usr/lib/reweave/fixes'],
    state: HOST_FOLDERS.state,
    running: runningBuild(),
  }
  return shelf
}

/** Undefined also for whoever may not ask Xen: commands that change it ask again, and refuse. */
function runningBuild(): BuildId | undefined {
  const opened = Hypervisor.open()
  return opened.kind === 'open' ? readBuildId(opened.hypervisor) : undefined
}

/** The hotfix that was named, or the failure to end the command with. */
export function requireHotfix(wanted: string, preference: ShelfPreference): ShelvedHotfix {
  const outcome = findHotfix(wanted, hotfixShelf(), preference)
  if (outcome.kind === 'found') return outcome.shelved
  throw shelfFailure(outcome.refusal)
}

/** A file that is not on the shelf, or not as it must be. */
export function shelfFailure(refusal: ShelfRefusal): CommandFailed {
  const exit: ExitName = refusal.kind === 'bad-bundle' ? 'badBundle' : 'badFix'
  return new CommandFailed(exit, describeShelfRefusal(refusal), { refusal })
}

/** Refuses a hotfix for another build than the one that runs. */
export function requireSameBuild({ manifest }: Bundle, running: BuildId | undefined): void {
  const { name, base } = manifest
  if (running === base.buildId) return
  throw new CommandFailed(
    'otherBuild',
    `${name} is for build ${base.buildId} (${base.version}), ` +
      `this host runs ${running ?? 'a build without build-id'}; nothing was written`,
    { wanted: base.buildId, found: running },
  )
}
