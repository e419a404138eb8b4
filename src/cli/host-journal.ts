import type { Bundle } from '../hotfix/bundle.ts'
import type { HostJournal } from '../host/journal-file.ts'
import { keepHotfix } from '../host/kept-hotfixes.ts'
import { keepingJournal } from '../host/keeping-journal.ts'
import { KILL_AT_STEP, killingJournal } from '../host/kill-at-step.ts'
import type { OpenHost } from './open-host.ts'

/**
 * The journal for a change of this hotfix, which keeps the hotfix first, and which ends this process
 * at a step if a test asks for it.
 */
export function hostJournal(host: OpenHost, hotfix: Bundle): HostJournal {
  const { journalFile, bootId, folders } = host
  const journal = keepingJournal(journalFile.forBoot(bootId), () => {
    keepHotfix(folders.state, hotfix)
  })
  const step = Number.parseInt(process.env[KILL_AT_STEP] ?? '', 10)
  return Number.isNaN(step) ? journal : killingJournal(journal, step)
}
