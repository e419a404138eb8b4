import type {
  BaselineSummary,
  BuildReport,
  BuildVerdict,
  BuiltForm,
  BuiltFunction,
} from './build-report.ts'
import { wrapText } from './wrap-text.ts'

const VERDICTS: Readonly<Record<BuildVerdict, string>> = {
  built: 'built',
  refused: 'cannot be patched; nothing was written',
  'baseline-differs': 'the baseline differs; nothing was written',
  'does-not-apply': 'the patch does not apply; nothing was written',
}

/** How many of a kind are named one by one. `--json` has all. */
const AT_MOST = 20

/** Where the second column begins. */
const COLUMN = 13

/**
 * The report for people: the verdict, all reasons against it, what it rests on, counts last.
 *
 * No reason is left out. Of functions and harmless differences a long list is cut, and said to be.
 */
export function renderBuildReport(report: BuildReport): string {
  const { base, baseline, functions, objects, forms, reasons, notes, hotfix, seconds } = report
  return [
    `${report.name}: ${VERDICTS[report.verdict]}`,
    ...reasons.flatMap(({ kind, sentence }) =>
      // A compiler's message keeps its lines, and the kind stands below it.
      wrapText(`${sentence}${sentence.includes('\n') ? '\n' : ' '}[${kind}]`, {
        first: '  ✗ ',
        rest: 4,
      }),
    ),
    ...row('base', `${base.version ?? 'unknown version'}, build-id ${base.buildId}`),
    ...(baseline === undefined ? [] : baselineLines(baseline)),
    ...(objects.compiled.length === 0 ? [] : objectLines(objects)),
    ...functionLines(
      'replaced',
      functions.changed,
      ({ oldBytes, newBytes }) => `${oldBytes ?? 0} → ${newBytes} bytes`,
    ),
    ...functionLines('new', functions.added, ({ newBytes }) => `${newBytes} bytes`),
    ...forms.flatMap(formLines),
    ...notes.flatMap((note) => row('note', note)),
    ...(hotfix === undefined ? [] : row('written', `${hotfix.file}: ${hotfix.bytes} bytes`)),
    '',
    `${count(functions.changed.length, 'function')} replaced, ${functions.added.length} new, ` +
      `${count(reasons.length, 'reason')} against it, ${seconds.toFixed(1)} s`,
  ].join('\n')
}

function baselineLines(baseline: BaselineSummary): readonly string[] {
  const { functions, identical, explained, different, notInImage, differences } = baseline
  const linked = functions - notInImage
  const named = differences.filter(({ kind, harmless }) => kind === 'explained' || !harmless)
  const passedOver = differences.length - named.length
  return [
    ...row(
      'baseline',
      `${identical + explained} of ${count(linked, 'function')} proven: ${identical} identical, ` +
        `${explained} explained, ${different} different${baseline.cached ? ' (proof from the cache)' : ''}`,
    ),
    ...named
      .slice(0, AT_MOST)
      .flatMap(({ sentence, harmless }) =>
        row('', `${sentence}${harmless ? ', which is harmless' : ''}`),
      ),
    ...more(named.length),
    ...(passedOver === 0
      ? []
      : row(
          '',
          `${count(passedOver, 'more function')} of the source ` +
            `${passedOver === 1 ? 'is' : 'are'} not linked into the image, which is harmless`,
        )),
  ]
}

function objectLines({ compiled, changed }: BuildReport['objects']): readonly string[] {
  const names = changed.slice(0, AT_MOST).join(', ')
  const others = changed.length - AT_MOST
  const list = names === '' ? '' : `: ${names}${others > 0 ? ` and ${others} more` : ''}`
  return row(
    'objects',
    `${compiled.length} compiled again, ${changed.length === 0 ? 'none' : changed.length} changed${list}`,
  )
}

function functionLines(
  label: string,
  functions: readonly BuiltFunction[],
  sizes: (each: BuiltFunction) => string,
): readonly string[] {
  const lines = functions.slice(0, AT_MOST).flatMap((each) => {
    const file = each.file === undefined ? '' : ` (${each.file})`
    return row(label, `${each.name}${file}: ${sizes(each)}`)
  })
  return [...lines, ...more(functions.length)]
}

function formLines({ form, possible, about, bytes, reasons }: BuiltForm): readonly string[] {
  return [
    ...row(form, possible ? `${bytes} bytes, ${about}` : 'not possible'),
    ...reasons.flatMap(({ sentence }) => row('', sentence)),
  ]
}

function row(label: string, text: string): readonly string[] {
  return wrapText(text, { first: `  ${label}`.padEnd(COLUMN), rest: COLUMN })
}

function more(found: number): readonly string[] {
  return found > AT_MOST ? row('', `and ${found - AT_MOST} more; --json has them all`) : []
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
