import type { Instant } from './host-facts.ts'
import type { ImportProblem } from './import-problem.ts'
import { msBetween } from './instant.ts'
import { JsonFields, isRecord } from './json-fields.ts'
import { readCves } from './read-cves.ts'
import { emptyStatement, type AdvisoryStatement } from './statement.ts'

/** What a reader of advisory files knows besides the file. */
export interface ReadContext {
  readonly file: string
  readonly now: Instant
  readonly problems: ImportProblem[]
}

/** Titles that stand in for one that is not public yet, or never will be. */
const PLACEHOLDER = /\b(?:embargo(?:ed)?|pre-?released?|pre-?disclosed?|unused)\b/i

/**
 * Reads Xen's `xsa.json`: a list of lists of advisories with number, title, CVEs and date.
 *
 * The file lists an embargoed advisory too, with its number and date alone. An entry counts as
 * public where its date has passed and it has a title of its own.
 */
export function readXsaJson(value: unknown, context: ReadContext): readonly AdvisoryStatement[] {
  const groups = Array.isArray(value) ? value : [value]
  return groups.flatMap((group, index) => {
    const place = { ...context, at: Array.isArray(value) ? `[${index}]` : '' }
    const fields = JsonFields.of(group, place)
    if (fields === undefined) {
      entryLost(context, place.at, 'An object with the list `xsas` is wanted here')
      return []
    }
    return fields.list('xsas').flatMap((entry, inner) => {
      const at = `${place.at === '' ? '' : `${place.at}.`}xsas[${inner}]`
      return readEntry(entry, context, at) ?? []
    })
  })
}

export function isXsaJson(value: unknown): boolean {
  const groups = Array.isArray(value) ? value : [value]
  return groups.some((group) => isRecord(group) && 'xsas' in group)
}

function readEntry(
  entry: unknown,
  context: ReadContext,
  at: string,
): AdvisoryStatement | undefined {
  const fields = JsonFields.of(entry, { ...context, at })
  const xsa = fields?.number('xsa')
  if (fields === undefined || xsa === undefined) {
    entryLost(context, at, 'An advisory with its number is wanted here')
    return undefined
  }
  const publicAt = fields.instant('public_time')
  const written = fields.text('title')?.trim()
  const title =
    written === undefined || PLACEHOLDER.test(written) ? undefined : withoutName(written)
  const isPublic =
    title !== undefined && publicAt !== undefined && msBetween(publicAt, context.now) >= 0
  const dates = publicAt === undefined ? {} : { A: publicAt }
  return {
    ...emptyStatement(xsa, { kind: 'xsa.json', reference: context.file }),
    title: title === '' ? undefined : title,
    cves: readCves(fields, 'cve'),
    publicAt,
    embargo: { state: isPublic ? 'A' : 'P', dates },
    extra: fields.rest(),
  }
}

/** Some copies put `XSA-1: ` before the title. */
function withoutName(title: string): string {
  return title.replace(/^XSA-\d+:\s*/i, '')
}

function entryLost(context: ReadContext, at: string, sentence: string): void {
  const { file, problems } = context
  problems.push({ name: 'no-number', file, at, lost: 'entry', sentence })
}
