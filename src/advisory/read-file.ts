import type { ImportProblem, ImportProblemName } from './import-problem.ts'
import { JsonFields } from './json-fields.ts'
import { isOwnForm, readOwnForm } from './parse-statement.ts'
import { JSON_LIMITS, type JsonLimits, parseJson } from './parse-json.ts'
import { looksLikeAdvisoryText, readAdvisoryText } from './read-advisory-text.ts'
import { isCsaf, readCsaf } from './read-csaf.ts'
import { isCveRecord, readCve } from './read-cve.ts'
import { readMeta } from './read-meta.ts'
import { isXsaJson, type ReadContext, readXsaJson } from './read-xsa-json.ts'
import type { Instant } from './host-facts.ts'
import { isRecord } from './json-fields.ts'
import type { AdvisoryStatement } from './statement.ts'

/** What a file of advisories came to. Statements are good whatever the problems. */
export interface FileRead {
  readonly statements: readonly AdvisoryStatement[]
  readonly problems: readonly ImportProblem[]
}

/**
 * Reads one file of advisories, in whichever of the known formats it is.
 *
 * Never throws. A file that is wrong as a whole is one problem; one that is wrong in places gives
 * what is good of it, and a problem for each place.
 */
export function readAdvisoryFile(
  text: string,
  file: { readonly name: string; readonly now: Instant; readonly limits?: JsonLimits },
): FileRead {
  const problems: ImportProblem[] = []
  const context = { file: file.name, now: file.now, problems }
  const limits = file.limits ?? JSON_LIMITS
  const lost = (name: ImportProblemName, sentence: string): FileRead => ({
    statements: [],
    problems: [...problems, { name, file: file.name, at: '', lost: 'file', sentence }],
  })
  // A mark of the byte order says nothing in UTF-8.
  const body = text.replace(/^\uFEFF/, '')
  if (/^\s*[[{]/.test(body)) {
    const parsed = parseJson(body, limits)
    switch (parsed.kind) {
      case 'too-large':
        return lost('too-large', `The file has over ${parsed.longest} characters`)
      case 'too-deep':
        return lost('too-deep', `The file nests deeper than ${parsed.deepest} levels`)
      case 'not-json':
        return lost('not-json', 'The file begins as JSON and is none')
      case 'json': {
        const read = readKnown(parsed.value, context)
        if (read === 'unknown-format') {
          return lost('unknown-format', 'The file is JSON of no format that Reweave knows')
        }
        if (read === 'no-number') return lost('no-number', 'The file names no advisory of Xen')
        return { statements: read, problems }
      }
    }
  }
  if (body.length > limits.longestText) {
    return lost('too-large', `The file has over ${limits.longestText} characters`)
  }
  const statement = looksLikeAdvisoryText(body) ? readAdvisoryText(body, file.name) : undefined
  return statement === undefined
    ? lost('unknown-format', 'The file is neither JSON nor the text of an advisory')
    : { statements: [statement], problems }
}

function readKnown(
  value: unknown,
  context: ReadContext,
): readonly AdvisoryStatement[] | 'no-number' | 'unknown-format' {
  if (isXsaJson(value)) return readXsaJson(value, context)
  const fields = JsonFields.of(value, { ...context, at: '' })
  if (fields === undefined || !isRecord(value)) return 'unknown-format'
  if (isOwnForm(value)) return asList(readOwnForm(fields, context.file))
  if (isCsaf(value)) return readCsaf(fields, context.file)
  if (isCveRecord(value)) return readCve(fields, context.file)
  if ('Recipes' in value) return asList(readMeta(fields, context.file))
  return 'unknown-format'
}

function asList(read: AdvisoryStatement | 'no-number'): readonly AdvisoryStatement[] | 'no-number' {
  return read === 'no-number' ? read : [read]
}
