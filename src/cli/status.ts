import { Command } from 'commander'
import type { HostMemory } from '../host/locate-fix.ts'
import { listHotfixesFor, type ShelvedHotfix } from '../host/fix-shelf.ts'
import { describeDmaRefusal } from '../channel/dma-session.ts'
import type { EngineKind } from '../device/engines.ts'
import { exitCode } from './exit-code.ts'
import { type FixStatus, renderStatuses } from './fix-status.ts'
import { dmaFailure, readEngineKind, tryHostMemory } from './host-memory.ts'
import { withHostOptions } from './host-options.ts'
import { journalledFixes } from './journal-status.ts'
import { livepatchStatuses } from './livepatch-status.ts'
import { statusFromJournal, statusInMemory, statusUnread } from './memory-status.ts'
import {
  type HostOptions,
  type OpenHost,
  requireBuildId,
  requireHypervisor,
  withHost,
} from './open-host.ts'
import { print } from './output.ts'
import { hotfixShelf, requireHotfix, requireSameBuild } from './require-hotfix.ts'

export function statusCommand(): Command {
  const command = new Command('status')
    .description('says of each hotfix whether it is in the hypervisor, and by which channel')
    .argument('[FIX]', 'one hotfix by name or path (default: all for this build)')
  return withHostOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  reweave status\n  reweave status xsa-506 --json\n\n' +
        "Memory and Xen's own list of livepatches decide; the journal only explains. Exits 14 when\n" +
        "a fix is half in, 8 when a site holds bytes that are nobody's.\n",
    )
    .action(async (wanted: string | undefined, options: HostOptions & { json?: boolean }) => {
      const statuses = await readStatuses(wanted, options)
      print(options.json ?? false, statuses, renderStatuses(statuses))
      const states = new Set(statuses.map(({ state }) => state))
      if (states.has('foreign')) process.exitCode = exitCode('otherBytes')
      else if (states.has('inconsistent')) process.exitCode = exitCode('inDoubt')
    })
}

/** What is looked up in memory: by its file, or by the plan in the journal where that is gone. */
type Subject =
  | { readonly kind: 'shelved'; readonly name: string; readonly shelved: ShelvedHotfix }
  | { readonly kind: 'journalled'; readonly name: string }

async function readStatuses(
  wanted: string | undefined,
  options: HostOptions,
): Promise<readonly FixStatus[]> {
  const named = wanted === undefined ? undefined : requireHotfix(wanted, 'kept')
  const engine = readEngineKind(options.engine)
  const hypervisor = requireHypervisor()
  if (named !== undefined) requireSameBuild(named.hotfix, requireBuildId(hypervisor))
  return withHost(hypervisor, options, async (host) => {
    const loaded = livepatchStatuses(host)
    if (named === undefined) return allStatuses(host, engine, loaded)
    const { name } = named.hotfix.manifest
    const byXen = appliedByUs(loaded).find(({ fix }) => fix === name)
    if (byXen !== undefined) return [byXen]
    return readInMemory(host, engine, [{ kind: 'shelved', name, shelved: named }], loaded)
  })
}

/** Those in memory first, then what Xen has loaded. */
async function allStatuses(
  host: OpenHost,
  engine: EngineKind | undefined,
  loaded: readonly FixStatus[],
): Promise<readonly FixStatus[]> {
  const byXen = new Set(appliedByUs(loaded).map(({ fix }) => fix))
  const subjects = subjectsOf(host).filter(({ name }) => !byXen.has(name))
  const statuses = await readInMemory(host, engine, subjects, loaded)
  const told = new Set(statuses.map(({ fix }) => fix))
  return [...statuses, ...loaded.filter(({ fix }) => !told.has(fix))]
}

function appliedByUs(loaded: readonly FixStatus[]): readonly FixStatus[] {
  return loaded.filter(({ state, livepatch }) => {
    return state === 'applied' && livepatch?.owner === 'reweave'
  })
}

/** All hotfixes for this build: on the shelf, kept, and in the journal of this boot. */
function subjectsOf(host: OpenHost): readonly Subject[] {
  const known = listHotfixesFor(host.buildId, hotfixShelf()).map(({ manifest }) => manifest.name)
  const names = new Set([...known, ...journalledFixes(host)])
  return [...names].map((name) => {
    if (!known.includes(name)) return { kind: 'journalled', name }
    return { kind: 'shelved', name, shelved: requireHotfix(name, 'kept') }
  })
}

async function readInMemory(
  host: OpenHost,
  engine: EngineKind | undefined,
  subjects: readonly Subject[],
  loaded: readonly FixStatus[],
): Promise<readonly FixStatus[]> {
  const outcome = await tryHostMemory(host, { engine }, async (memory) => {
    const statuses: FixStatus[] = []
    for (const subject of subjects) statuses.push(await statusOf(host, memory, subject))
    return statuses
  })
  if (outcome.kind === 'done') return outcome.result
  const why = describeDmaRefusal(outcome.refusal).replace(/; nothing was written$/, '')
  const unread = subjects.map((subject) => {
    const hotfix = subject.kind === 'shelved' ? subject.shelved.hotfix : undefined
    return statusUnread(host, subject.name, hotfix, why)
  })
  // With nothing to tell but that nothing could be read, that is the failure.
  const told = loaded.length > 0 || unread.some(({ state }) => state !== 'unknown')
  if (!told) throw dmaFailure(outcome.refusal)
  return unread
}

function statusOf(host: OpenHost, memory: HostMemory, subject: Subject): Promise<FixStatus> {
  return subject.kind === 'shelved'
    ? statusInMemory(host, memory, subject.shelved)
    : statusFromJournal(host, memory, subject.name)
}
