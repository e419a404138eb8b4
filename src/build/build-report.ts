/**
 * What `reweave build` says it did: for programs as it is, for people through `renderBuildReport`.
 *
 * @module
 */
import type { BuildId } from '../image/build-id.ts'

/**
 * How a build ended.
 *
 * `does-not-apply`: the patch is not for this source. `baseline-differs`: what was compiled from
 * the source is not what runs. `refused`: the patch cannot be brought into a running hypervisor.
 */
export type BuildVerdict = 'built' | 'refused' | 'baseline-differs' | 'does-not-apply'

/** Something that speaks against the patch. A build lists all that it knows of. */
export interface BuildReason {
  readonly kind: string
  readonly object: string | undefined
  readonly symbol: string | undefined
  /** For people: what was found, why it matters, what to do. */
  readonly sentence: string
}

/** A function as the patch leaves it. */
export interface BuiltFunction {
  readonly name: string
  /** The source file: `common/dm.c`. */
  readonly file: string | undefined
  readonly object: string
  /** Undefined for a new function. */
  readonly oldBytes: number | undefined
  readonly newBytes: number
}

/** One of the forms in which a hotfix can reach a hypervisor. */
export interface BuiltForm {
  readonly form: 'livepatch' | 'splice'
  readonly possible: boolean
  /** What it is for, or what it takes: `Xen 4.14 to 4.21`. */
  readonly about: string
  readonly bytes: number
  readonly reasons: readonly BuildReason[]
}

/** How the rebuilt functions compare with those of the base. */
export interface BaselineSummary {
  readonly functions: number
  readonly identical: number
  /** Different in a way that is known to be harmless; each is in `differences`. */
  readonly explained: number
  readonly different: number
  readonly notInImage: number
  readonly differences: readonly {
    readonly object: string
    readonly symbol: string
    readonly kind: string
    readonly sentence: string
  }[]
  /** The proof was taken from the cache. */
  readonly cached: boolean
}

export interface BuildReport {
  readonly verdict: BuildVerdict
  readonly name: string
  readonly base: { readonly buildId: BuildId; readonly version: string | undefined }
  readonly patch: { readonly file: string; readonly sha256: string }
  readonly reasons: readonly BuildReason[]
  /** Things that hold nothing up, and that whoever applies the hotfix should know. */
  readonly notes: readonly string[]
  readonly functions: {
    readonly changed: readonly BuiltFunction[]
    readonly added: readonly BuiltFunction[]
  }
  readonly objects: {
    /** Compiled again. */
    readonly compiled: readonly string[]
    /** Those of them that came out different. */
    readonly changed: readonly string[]
  }
  /** Undefined where the build ended before the proof. */
  readonly baseline: BaselineSummary | undefined
  readonly forms: readonly BuiltForm[]
  /** The bundle. Undefined unless it was built. */
  readonly hotfix:
    | { readonly file: string; readonly bytes: number; readonly sha256: string }
    | undefined
  readonly seconds: number
  /** Where they went: `baseline`, `patch`, `compile`, `diff`, `emit`. */
  readonly stages: Readonly<Record<string, number>>
}

const VERDICTS: Readonly<Record<BuildVerdict, string>> = {
  built: 'built',
  refused: 'cannot be patched',
  'baseline-differs': 'the baseline differs',
  'does-not-apply': 'the patch does not apply',
}

/** The report for people: the verdict first, then what it rests on, counts last. */
export function renderBuildReport(report: BuildReport): string {
  const { baseline, functions, objects, forms, reasons, notes, hotfix } = report
  return [
    `${report.name}: ${VERDICTS[report.verdict]}`,
    `  base       ${report.base.version ?? 'unknown version'}, build-id ${report.base.buildId}`,
    ...(baseline === undefined ? [] : baselineLines(baseline)),
    ...(objects.compiled.length === 0
      ? []
      : [
          `  objects    ${count(objects.compiled.length, 'object')} compiled again, ` +
            `${objects.changed.length} changed: ${objects.changed.join(', ') || 'none'}`,
        ]),
    ...functions.changed.map(
      ({ name, file, oldBytes, newBytes }) =>
        `  replaced   ${name}${file === undefined ? '' : ` (${file})`}: ` +
        `${oldBytes ?? 0} → ${newBytes} bytes`,
    ),
    ...functions.added.map(
      ({ name, file, newBytes }) =>
        `  new        ${name}${file === undefined ? '' : ` (${file})`}: ${newBytes} bytes`,
    ),
    ...reasons.map(({ kind, sentence }) => `  ✗ ${sentence} [${kind}]`),
    ...forms.flatMap(formLines),
    ...notes.map((note) => `  note       ${note}`),
    ...(hotfix === undefined ? [] : [`  written    ${hotfix.file}: ${hotfix.bytes} bytes`]),
    '',
    `${count(functions.changed.length, 'function')} replaced, ${functions.added.length} new, ` +
      `${count(reasons.length, 'reason')} against it, ${report.seconds.toFixed(1)} s`,
  ].join('\n')
}

function baselineLines(baseline: BaselineSummary): readonly string[] {
  const { functions, identical, explained, different, notInImage } = baseline
  return [
    `  baseline   ${identical + explained} of ${count(functions, 'function')} proven: ` +
      `${identical} identical, ${explained} explained, ${different} different, ` +
      `${notInImage} not in the image${baseline.cached ? ' (proof from the cache)' : ''}`,
    ...baseline.differences.map(({ symbol, sentence }) => `             ${symbol}: ${sentence}`),
  ]
}

function formLines({ form, possible, about, bytes, reasons }: BuiltForm): readonly string[] {
  const state = possible ? `${bytes} bytes, ${about}` : `not possible`
  return [
    `  ${form.padEnd(10)} ${state}`,
    ...reasons.map(({ sentence }) => `             ${sentence}`),
  ]
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
