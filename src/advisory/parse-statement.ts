import type {
  AdvisorySource,
  AdvisoryState,
  Component,
  DeploymentPermission,
  Embargo,
  FixedIn,
  FixedPackage,
  Impact,
  ImpactKind,
} from './advisory.ts'
import { parseBuildId } from '../image/build-id.ts'
import type { Condition } from './condition.ts'
import { isRecord, type JsonFields } from './json-fields.ts'
import { parseCondition } from './parse-condition.ts'
import { readCves } from './read-cves.ts'
import type { Recipe } from './recipe.ts'
import type { AdvisorySection, AdvisoryStatement } from './statement.ts'

const COMPONENTS: readonly Component[] = [
  'hypervisor',
  'toolstack',
  'device-model',
  'dom0-kernel',
  'guest-kernel',
  'unknown',
]
const STATES: readonly AdvisoryState[] = ['R', 'T', 'P', 'A', 'F', 'X']
export const IMPACT_KINDS: readonly ImpactKind[] = [
  'privilege-escalation',
  'denial-of-service',
  'information-leak',
]

/** Whether this is one of Reweave's own files: an advisory, or a statement of the store. */
export function isOwnForm(value: unknown): boolean {
  return isRecord(value) && value['formatVersion'] === 1 && 'xsa' in value
}

/**
 * Reads an advisory written in Reweave's own form (`xsa-NNN.json`), or a statement of the store,
 * which is the same with its one source, revision, recipe and sections.
 *
 * As tolerant as the other readers, except of the condition: one that is not understood whole is
 * not used at all, and every host is then unknown.
 */
export function readOwnForm(file: JsonFields, reference: string): AdvisoryStatement | 'no-number' {
  const xsa = file.number('xsa')
  if (xsa === undefined) return 'no-number'
  file.value('formatVersion')
  const statement: Omit<AdvisoryStatement, 'extra'> = {
    formatVersion: 1,
    xsa,
    source: sourceOf(file.object('source')) ?? { kind: 'reweave', reference },
    revision: file.text('revision'),
    title: file.text('title'),
    cves: readCves(file, 'cves'),
    publicAt: file.instant('publicAt'),
    component: choice(file, 'component', COMPONENTS),
    impacts: file.objects('impacts').flatMap(impactOf),
    condition: conditionOf(file),
    fixedIn: file.objects('fixedIn').flatMap(fixedInOf),
    embargo: embargoOf(file.object('embargo')),
    permission: permissionOf(file.object('permission')),
    // What the store wrote itself; `readMeta()` made it.
    recipe: file.has('recipe') ? (file.value('recipe') as Recipe) : undefined,
    sections: file.objects('sections').flatMap(sectionOf),
    further: [...file.objects('sources'), ...file.objects('further')].flatMap(
      (source) => sourceOf(source) ?? [],
    ),
  }
  const kept = file.value('extra')
  return { ...statement, extra: { ...(isRecord(kept) ? kept : {}), ...file.rest() } }
}

function choice<T extends string>(
  fields: JsonFields,
  key: string,
  choices: readonly T[],
): T | undefined {
  const text = fields.text(key)
  const chosen = choices.find((one) => one === text)
  if (text !== undefined && chosen === undefined) {
    fields.refuse(key, 'bad-field', `One of ${choices.join(', ')} is wanted here`)
  }
  return chosen
}

function conditionOf(file: JsonFields): Condition | undefined {
  if (!file.has('condition')) {
    file.value('condition')
    return undefined
  }
  const parsed = parseCondition(file.value('condition'))
  if (parsed.kind === 'condition') return parsed.condition
  const places = parsed.problems.map(({ at }) => at).join(', ')
  file.refuse('condition', 'bad-condition', `The condition is not understood at ${places}`)
  return undefined
}

function impactOf(fields: JsonFields): Impact | [] {
  const kind = choice(fields, 'kind', IMPACT_KINDS)
  if (kind === undefined) return []
  return { kind, by: fields.text('by'), source: fields.text('source') ?? '' }
}

function fixedInOf(fields: JsonFields): FixedIn | [] {
  const branch = fields.text('branch')
  if (branch === undefined) {
    fields.refuse('branch', 'bad-field', 'The branch that the fix is on is wanted here')
    return []
  }
  const written = fields.texts('buildIds')
  const buildIds = written.map(parseBuildId).filter((one) => one !== undefined)
  if (buildIds.length < written.length) {
    fields.refuse('buildIds', 'bad-field', 'Build-ids are wanted here')
  }
  return {
    branch,
    commits: fields.texts('commits'),
    since: fields.text('since'),
    buildIds,
    packages: fields.objects('packages').flatMap(packageOf),
  }
}

function packageOf(fields: JsonFields): FixedPackage | [] {
  const distribution = fields.text('distribution')
  const name = fields.text('name')
  const version = fields.text('version')
  if (distribution === undefined || name === undefined || version === undefined) return []
  return { distribution, name, version }
}

function embargoOf(fields: JsonFields | undefined): Embargo | undefined {
  const state = fields && choice(fields, 'state', STATES)
  if (fields === undefined || state === undefined) return undefined
  const dates = fields.object('dates')
  const known = STATES.flatMap((one) => {
    const at = dates?.instant(one)
    return at === undefined ? [] : [[one, at] as const]
  })
  return { state, dates: Object.fromEntries(known) }
}

function permissionOf(fields: JsonFields | undefined): DeploymentPermission | undefined {
  const permitted = fields && choice(fields, 'permitted', ['yes', 'no', 'unknown'] as const)
  if (fields === undefined || permitted === undefined) return undefined
  return { permitted, sentence: fields.text('sentence') }
}

function sectionOf(fields: JsonFields): AdvisorySection | [] {
  const heading = fields.text('heading')
  const text = fields.text('text')
  return heading === undefined || text === undefined ? [] : { heading, text }
}

function sourceOf(fields: JsonFields | undefined): AdvisorySource | undefined {
  const kind = fields?.text('kind')
  const reference = fields?.text('reference')
  return kind === undefined || reference === undefined ? undefined : { kind, reference }
}
