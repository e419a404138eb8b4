/**
 * The page of what became of each patch of a corpus, made from the run that it reports.
 *
 * @module
 */
import type { BuildReport } from '../src/build/build-report.ts'
import type { TrialReport } from './trial-report.ts'

/** What became of one patch. */
export interface CorpusResult {
  /** The patch's file name, without its folder. */
  readonly patch: string
  readonly build: BuildReport
  /** One for each channel that was tried. */
  readonly trials: readonly TrialReport[]
}

export interface CorpusRun {
  /** The Xen that it was built for and tried on: `4.17.5+72-g01140da4e8-1`. */
  readonly version: string
  readonly buildId: string
  readonly results: readonly CorpusResult[]
}

/** The columns that are the same in every run, which a test compares. */
export const STABLE_COLUMNS = 5

const HEADER = ['Patch', 'Verdict', 'Functions', 'Payload', 'Channels', 'Times']

/** The page, whole. */
export function renderCorpusPage(run: CorpusRun): string {
  const rows = run.results.map((result) => corpusRow(result))
  const built = run.results.filter(({ build }) => build.verdict === 'built')
  const pauses = built.flatMap(({ trials }) => trials.filter(({ applied }) => applied))
  return `\
# Real security fixes, built and tried on Xen ${run.version}

What \`reweave build\` makes of each patch of the corpus, and what became of it on the lab's Xen
(build-id \`${run.buildId}\`): applied, a PV and a PVH guest created, run and destroyed under it,
reverted, and Xen's code and constants compared byte for byte, from outside, with what they were.

The page is written by \`npm run corpus\` from the run itself; \`test/machine/corpus.test.ts\` makes the
same run and compares all columns but the times, which are those of one emulated machine.

${table([HEADER, ...rows])}

## Refusals

${refusals(run.results)}

## How long the guests waited

The longest silence between two heartbeats (20 a second) of guests that ran throughout, in
milliseconds: in a quiet time as long as the apply, during apply, and during revert. Xen's livepatch
stops every CPU for the change; DMA stops none.

${table([['Patch', 'Channel', 'Guest', 'Quiet', 'Apply', 'Revert'], ...pauses.flatMap(pauseRows)])}
`
}

/** The cells of one patch's row. */
export function corpusRow({ patch, build, trials }: CorpusResult): readonly string[] {
  const { changed, added } = build.functions
  const functions = [
    ...changed.map(({ name, oldBytes, newBytes }) => `\`${name}\` ${oldBytes} → ${newBytes}`),
    ...added.map(({ name, newBytes }) => `\`${name}\` new, ${newBytes}`),
  ]
  const livepatch = build.forms.find(({ form }) => form === 'livepatch')
  return [
    patch,
    build.verdict,
    functions.join('<br>') || '–',
    livepatch?.possible === true ? `${livepatch.bytes} bytes` : '–',
    trials
      .map((trial) => `${trial.channel ?? 'none'}: ${trial.ok ? 'held' : 'failed'}`)
      .join('<br>') || '–',
    [
      `build ${build.seconds.toFixed(1)} s`,
      ...trials.map(
        ({ channel, seconds }) =>
          `${channel ?? 'none'}: apply ${seconds.apply.toFixed(1)} s, ` +
          `revert ${seconds.revert.toFixed(1)} s`,
      ),
    ].join('<br>'),
  ]
}

/** The rows of a page's first table, without the times. */
export function readCorpusRows(page: string): readonly (readonly string[])[] {
  const first = page.slice(page.indexOf('| Patch'), page.indexOf('\n## '))
  return first
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, 1 + STABLE_COLUMNS)
        .map((cell) => cell.trim()),
    )
}

function refusals(results: readonly CorpusResult[]): string {
  const refused = results.filter(({ build }) => build.verdict !== 'built')
  if (refused.length === 0) return 'None: every patch of the corpus was built.'
  return refused
    .map(({ patch, build }) =>
      [`* ${patch}:`, ...build.reasons.map(({ sentence }) => `  * ${sentence}`)].join('\n'),
    )
    .join('\n')
}

function pauseRows({ hotfix, channel, pauses }: TrialReport): readonly (readonly string[])[] {
  const whole = (ms: number | undefined): string => (ms === undefined ? '–' : `${Math.round(ms)}`)
  return Object.keys(pauses.apply).map((guest) => [
    hotfix,
    channel ?? '–',
    guest,
    whole(pauses.quiet[guest]),
    whole(pauses.apply[guest]),
    whole(pauses.revert[guest]),
  ])
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  const [head = [], ...body] = rows.map(line)
  return [head, rule, ...body].join('\n')
}
