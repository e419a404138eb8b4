import { Command } from 'commander'
import { describeAssessment, judge } from '../advisory/assessment.ts'
import { clockOf, describeClock, mayDeploy } from '../advisory/embargo.ts'
import { nothingToApply, type Recipe } from '../advisory/recipe.ts'
import { printable } from '../hotfix/fix-problem.ts'
import type { StoredAdvisory } from '../store/advisory-store.ts'
import {
  loadAdvisories,
  requireAdvisory,
  requireXsa,
  type StoreOptions,
  viewerOf,
  withClearanceOption,
  withStoreOptions,
} from './open-store.ts'
import { print, toJson } from './output.ts'

export function advisoryShowCommand(): Command {
  const command = new Command('show')
    .description('shows one advisory: what its sources say, where they disagree, how it was judged')
    .argument('<XSA>', 'its number: XSA-506, or 506')
  return withClearanceOption(withStoreOptions(command))
    .addHelpText('after', '\nExamples:\n  reweave advisory show XSA-506\n')
    .action((wanted: string, options: StoreOptions) => {
      const viewer = viewerOf(options)
      const stored = requireAdvisory(loadAdvisories(options, viewer), requireXsa(wanted))
      print(options.json ?? false, shown(stored, viewer.now), renderAdvisory(stored, viewer.now))
    })
}

function shown(stored: StoredAdvisory, now: string): object {
  const clock = clockOf(stored.view, now)
  if (stored.kind === 'embargoed') return { ...stored.view, clock }
  const { judged, severity, assessments } = judge(stored.view.advisory, stored.assessments)
  return {
    ...stored.view,
    clock,
    deployment: mayDeploy(stored.view.advisory, now),
    judged: { severity, impacts: judged.impacts, condition: judged.condition },
    assessments,
    disagreements: stored.combined.disagreements,
    statements: stored.combined.statements,
  }
}

/** The advisory for people. */
export function renderAdvisory(stored: StoredAdvisory, now: string): string {
  const clock = describeClock(stored.view, now)
  if (stored.kind === 'embargoed') return clock
  const { advisory, embargoed } = stored.view
  const deploy = mayDeploy(advisory, now)
  const lines = [
    `XSA-${advisory.xsa}  ${advisory.title ?? '(no title known)'}`,
    ...(embargoed ? ['EMBARGOED: nothing below may leave the cleared'] : []),
    clock,
    row('CVEs', advisory.cves.join(', ') || 'none known'),
    row('Component', advisory.component),
    ...rows(
      'Impacts',
      advisory.impacts.map(({ kind, by }) => (by ? `${kind}, by ${by}` : kind)),
    ),
    ...rows('Fixed in', advisory.fixedIn.map(describeFix)),
    row(
      'Deploying',
      deploy.kind === 'public' ? 'free: it is public' : `${deploy.kind}: ${deploy.sentence}`,
    ),
    row('Condition', advisory.condition === undefined ? 'none known' : 'as published:'),
    ...(advisory.condition === undefined ? [] : [indented(toJson(advisory.condition))]),
    ...assessmentLines(stored),
    ...stored.combined.disagreements.flatMap(({ field, values }) => [
      `Sources disagree on ${field}:`,
      ...values.map(
        ({ value, source }) => `    ${source.kind} ${source.reference}: ${toJson(value)}`,
      ),
    ]),
    ...stored.combined.statements.flatMap(({ recipe }) => (recipe ? recipeLines(recipe) : [])),
    ...stored.combined.statements.flatMap(({ sections, source }) =>
      sections.flatMap(({ heading, text }) => ['', `${heading}  (${source.kind})`, indented(text)]),
    ),
    ...rows(
      'Sources',
      advisory.sources.map(({ kind, reference }) => `${kind} ${reference}`),
    ),
  ]
  const unread = Object.keys(advisory.extra).length
  if (unread > 0) lines.push('Kept, but not understood:', indented(toJson(advisory.extra)))
  return lines.map((line) => line.split('\n').map(printable).join('\n')).join('\n')
}

function assessmentLines({
  view,
  assessments,
}: StoredAdvisory & { kind: 'whole' }): readonly string[] {
  const { judged, severity } = judge(view.advisory, assessments)
  if (assessments.length === 0) return []
  const isOther = judged.condition !== view.advisory.condition
  return [
    ...rows('Assessments', assessments.map(describeAssessment)),
    ...assessments.flatMap(({ evidence }) => evidence.map((one) => `    evidence: ${one}`)),
    row(
      'Judged',
      `${severity ?? 'no severity'}; ${judged.impacts.map(({ kind }) => kind).join(', ') || 'no impact'}`,
    ),
    ...(isOther ? ['Condition as judged:', indented(toJson(judged.condition))] : []),
  ]
}

function recipeLines(recipe: Recipe): readonly string[] {
  return rows(
    'Recipe',
    recipe.branches.map((branch) => {
      if (nothingToApply(branch)) return `${branch.branch}: nothing to apply`
      const trees = branch.trees.map(({ tree, patches, prerequisites }) => {
        const after = prerequisites.map((xsa) => `XSA-${xsa}`).join(', ')
        return `${tree}: ${patches.join(', ')}${after === '' ? '' : `, on top of ${after}`}`
      })
      return `${branch.branch}: ${trees.join('; ')}`
    }),
  )
}

function describeFix(fix: {
  branch: string
  since: string | undefined
  commits: readonly string[]
}): string {
  const commits = fix.commits.map((commit) => commit.slice(0, 12)).join(' ')
  return `${fix.branch}${fix.since === undefined ? '' : ` since ${fix.since}`}${commits === '' ? '' : ` (${commits})`}`
}

function row(label: string, text: string): string {
  return `${label.padEnd(12)}${text}`
}

function rows(label: string, texts: readonly string[]): readonly string[] {
  const all = texts.length > 0 ? texts : ['none known']
  return all.map((text, index) => row(index === 0 ? label : '', text))
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
