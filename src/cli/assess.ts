import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { ImpactKind } from '../advisory/advisory.ts'
import {
  type Assessment,
  assessmentGaps,
  describeAssessment,
  judge,
  SEVERITIES,
  type Severity,
} from '../advisory/assessment.ts'
import type { Condition } from '../advisory/condition.ts'
import { describeClock } from '../advisory/embargo.ts'
import { parseCondition } from '../advisory/parse-condition.ts'
import { IMPACT_KINDS } from '../advisory/parse-statement.ts'
import { parseJson } from '../advisory/parse-json.ts'
import { AdvisoryStore } from '../store/advisory-store.ts'
import { CommandFailed } from './command-failed.ts'
import {
  foldersOf,
  loadAdvisories,
  requireAdvisory,
  requireXsa,
  type StoreOptions,
  viewerOf,
  withClearanceOption,
  withStoreFailures,
  withStoreOptions,
} from './open-store.ts'
import { print } from './output.ts'

interface AssessOptions extends StoreOptions {
  readonly by?: string
  readonly why?: string
  readonly evidence?: readonly string[]
  readonly severity?: Severity
  readonly impacts?: readonly (ImpactKind | 'none')[]
  readonly condition?: string
}

const IMPACTS: readonly string[] = [...IMPACT_KINDS, 'none']

export function assessCommand(): Command {
  const command = new Command('assess')
    .description('puts a judgement of an advisory on record; what was published stays beside it')
    .argument('<XSA>', 'its number: XSA-112, or 112')
    .option('--by <name>', 'who judges')
    .option('--why <sentence>', 'the reason, in a sentence')
    .option('--evidence <reference...>', 'what it rests on: test runs, commits, addresses')
    .addOption(new Option('--severity <severity>', 'how bad it is here').choices([...SEVERITIES]))
    .addOption(new Option('--impacts <impact...>', 'the impacts that remain').choices([...IMPACTS]))
    .option('--condition <file>', 'a condition as JSON, to be used in place of the published one')
  return withClearanceOption(withStoreOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  reweave assess XSA-112\n' +
        "  reweave assess XSA-112 --by 'A. Smith' --severity low --impacts denial-of-service \\\n" +
        "      --why 'No device model here lets a guest reach the path' --evidence test-run-417\n\n" +
        'Without a judgement it shows those on record. None is ever changed or removed: a later one\n' +
        'counts, and the earlier ones stay.\n',
    )
    .action((wanted: string, options: AssessOptions) => {
      const viewer = viewerOf(options)
      const xsa = requireXsa(wanted)
      const stored = requireAdvisory(loadAdvisories(options, viewer), xsa)
      if (stored.kind === 'embargoed') {
        throw new CommandFailed(
          'notCleared',
          `${describeClock(stored.view, viewer.now)}; see --cleared`,
        )
      }
      const { advisory, embargoed } = stored.view
      const made = assessmentIn(options, xsa, viewer.now)
      if (made !== undefined) {
        withStoreFailures(() => {
          new AdvisoryStore(foldersOf(options)).assess(made, embargoed)
        })
      }
      const all = [...stored.assessments, ...(made === undefined ? [] : [made])]
      const { judged, severity } = judge(advisory, all)
      const published = { impacts: advisory.impacts, condition: advisory.condition }
      const asJudged = { severity, impacts: judged.impacts, condition: judged.condition }
      const value = { xsa, published, judged: asJudged, assessments: all }
      print(options.json ?? false, value, renderAssessments(value))
    })
}

interface Assessed {
  readonly xsa: number
  readonly published: Pick<Assessed['judged'], 'impacts'>
  readonly judged: {
    readonly severity: Severity | undefined
    readonly impacts: readonly { readonly kind: ImpactKind }[]
  }
  readonly assessments: readonly Assessment[]
}

function renderAssessments({ xsa, published, judged, assessments }: Assessed): string {
  const words = (impacts: readonly { readonly kind: ImpactKind }[]): string =>
    impacts.map(({ kind }) => kind).join(', ') || 'none'
  return [
    `XSA-${xsa} as published: impacts ${words(published.impacts)}`,
    ...(assessments.length === 0
      ? ['Nobody has judged it here']
      : [
          `XSA-${xsa} as judged:    impacts ${words(judged.impacts)}; severity ${judged.severity ?? 'not judged'}`,
          ...assessments.flatMap((one) => [
            describeAssessment(one),
            ...one.evidence.map((reference) => `    evidence: ${reference}`),
          ]),
        ]),
  ].join('\n')
}

/** The assessment that the options make. Undefined where they make none at all. */
function assessmentIn(options: AssessOptions, xsa: number, now: string): Assessment | undefined {
  const { by, why, evidence, severity, impacts, condition } = options
  if ([by, why, evidence, severity, impacts, condition].every((one) => one === undefined)) {
    return undefined
  }
  const assessment: Assessment = {
    formatVersion: 1,
    xsa,
    madeAt: now,
    by: by ?? '',
    why: why ?? '',
    evidence: evidence ?? [],
    severity,
    impacts: impacts?.filter((one) => one !== 'none'),
    condition: condition === undefined ? undefined : requireCondition(condition),
  }
  const gaps = assessmentGaps(assessment)
  if (gaps.length > 0) {
    throw new CommandFailed(
      'usage',
      `An assessment goes on record with ${gaps.join(', ')}; add it`,
      {
        missing: gaps,
      },
    )
  }
  return assessment
}

function requireCondition(file: string): Condition {
  const json = parseJson(readFileSync(file, 'utf8'))
  if (json.kind !== 'json') {
    throw new CommandFailed('usage', `The condition in '${file}' is no JSON (${json.kind})`)
  }
  const parsed = parseCondition(json.value)
  if (parsed.kind === 'condition') return parsed.condition
  const problems = parsed.problems.map(({ at, problem }) => `${at}: ${problem}`).join('; ')
  throw new CommandFailed('usage', `The condition in '${file}' is not understood: ${problems}`)
}
