import { Command } from 'commander'
import { describeClock, viewOf } from '../advisory/embargo.ts'
import { printable } from '../hotfix/fix-problem.ts'
import type { StoredAdvisory } from '../store/advisory-store.ts'
import {
  loadAdvisories,
  type StoreOptions,
  viewerOf,
  withClearanceOption,
  withStoreOptions,
} from './open-store.ts'
import { print } from './output.ts'

export function advisoryListCommand(): Command {
  const command = new Command('list').description('lists the advisories that are known here')
  return withClearanceOption(withStoreOptions(command))
    .addHelpText('after', '\nExamples:\n  reweave advisory list\n  reweave advisory list --json\n')
    .action((options: StoreOptions) => {
      const viewer = viewerOf(options)
      const advisories = loadAdvisories(options, viewer)
      print(options.json ?? false, advisories.map(listed), renderList(advisories, viewer.now))
    })
}

/** An advisory as a list for programs holds it. */
function listed(stored: StoredAdvisory): object {
  if (stored.kind === 'embargoed') return { ...stored.view, embargoed: true }
  const { xsa, title, cves, publicAt, component } = stored.view.advisory
  return {
    kind: 'whole',
    xsa,
    title,
    cves,
    publicAt,
    component,
    embargoed: stored.view.embargoed,
    disagreeing: stored.combined.disagreements.map(({ field }) => field),
    assessments: stored.assessments.length,
  }
}

export function renderList(advisories: readonly StoredAdvisory[], now: string): string {
  if (advisories.length === 0) {
    return "No advisory is known here; import some with 'reweave advisory import'"
  }
  return advisories.map((one) => renderOne(one, now)).join('\n')
}

function renderOne(stored: StoredAdvisory, now: string): string {
  if (stored.kind === 'embargoed') return describeClock(stored.view, now)
  const { advisory, embargoed } = stored.view
  const marks = [
    ...(embargoed ? ['EMBARGOED'] : []),
    ...(stored.combined.disagreements.length > 0 ? ['sources disagree'] : []),
    ...(stored.assessments.length > 0 ? ['assessed'] : []),
  ]
  const day = advisory.publicAt?.slice(0, 10) ?? '          '
  const text = `XSA-${advisory.xsa}  ${day}  ${printable(advisory.title ?? '(no title known)')}`
  const clock = embargoed
    ? `\n    ${describeClock(viewOf(advisory, { cleared: true, now }), now)}`
    : ''
  return `${text}${marks.length > 0 ? `  [${marks.join('; ')}]` : ''}${clock}`
}
