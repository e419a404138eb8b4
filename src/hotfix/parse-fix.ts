import { Composer, type Document, LineCounter, Parser } from 'yaml'
import { type BuildId, parseBuildId } from '../image/build-id.ts'
import type { Change, Fix, Place } from './fix.ts'
import { type Field, FixFields } from './fix-fields.ts'
import { FIX_LIMITS } from './fix-limits.ts'
import { type FixProblem, printable, quoted } from './fix-problem.ts'
import { PLACE_WANTED, parsePlace } from './place-text.ts'
import { ADVISORY, CVE, NAME, type TextShape, TITLE, VERSION } from './text-shapes.ts'

/** A fix read from its file, or everything that is wrong with the file. */
export type ParsedFix =
  | { readonly kind: 'parsed'; readonly fix: Fix }
  | { readonly kind: 'refused'; readonly problems: readonly FixProblem[] }

const WHY: TextShape = { wanted: 'the reason for the change', longest: FIX_LIMITS.whyLength }
const PLACE: TextShape = { wanted: PLACE_WANTED, longest: FIX_LIMITS.symbolLength + 16 }
const BUILD_ID: TextShape = { wanted: 'a build-id in hexadecimal', longest: 64 }
const LAB_ONLY: TextShape = { wanted: 'true', longest: 16 }
const VERSION_NUMBER: TextShape = { wanted: '1', longest: 16 }

/**
 * Reads a fix file (`docs/formats/fix.md`).
 *
 * Says what the file means, not whether it fits a hypervisor: that is the planner's part. Never
 * throws, and lists every problem it finds, up to a hundred, in the file's order.
 */
// Scalars stay text (the failsafe schema), because to the usual schema a build-id of digits is a
// number. Unique keys are checked here: the library compares each key with all before it.
export function parseFix(text: string): ParsedFix {
  if (text.length > FIX_LIMITS.fileLength) return refuseFixOf(`${text.length} characters`)
  const lines = new LineCounter()
  const fields = new FixFields(text, lines)
  const document = compose(text, lines, fields)
  const fix = document === undefined ? undefined : readFix(document, fields)
  if (fix !== undefined && fields.problems.length === 0) return { kind: 'parsed', fix }
  const problems = fields.problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return { kind: 'refused', problems: problems.slice(0, MOST_PROBLEMS) }
}

/** More than anyone mends in one go. */
const MOST_PROBLEMS = 100

/** What `parseFix` says of a file of that length, for whoever knows it before the text. */
export function refuseFixOf(length: string): Extract<ParsedFix, { readonly kind: 'refused' }> {
  const problem: FixProblem = {
    field: '',
    line: 1,
    column: 1,
    found: length,
    wanted: `at most ${FIX_LIMITS.fileLength} characters`,
    sentence: 'The file is too long for a fix',
  }
  return { kind: 'refused', problems: [problem] }
}

/** The file's one document; undefined if it is no YAML, with the problems recorded. */
function compose(text: string, lines: LineCounter, fields: FixFields): Document | undefined {
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const composer = new Composer({ schema: 'failsafe', strict: true, uniqueKeys: false })
  const documents = [...composer.compose(tokens, true, text.length)]
  const [document] = documents
  if (document === undefined || documents.length !== 1) {
    const found = `${documents.length} documents`
    const sentence = 'A fix is one YAML document'
    fields.reportAt(0, '', { found, wanted: 'one document', sentence })
    return undefined
  }
  for (const issue of [...document.errors, ...document.warnings].slice(0, MOST_YAML_PROBLEMS)) {
    const [start, end] = issue.pos
    const sentence = `The file is no valid YAML: ${printable(issue.message)}`
    fields.reportAt(start, '', { found: quoted(text.slice(start, end)), wanted: 'YAML', sentence })
  }
  if (fields.problems.length > 0) return undefined
  // A file cut between two changes would otherwise pass for a smaller fix.
  if (!tokens.some((token) => token.type === 'doc-end')) {
    const found = 'the end of the file'
    const wanted = 'a last line of three dots'
    const sentence = 'The file is cut short: a fix ends with a line of three dots'
    fields.reportAt(text.length, '', { found, wanted, sentence })
  }
  return document
}

/** A broken file can give an error for every character. The first ones tell enough. */
const MOST_YAML_PROBLEMS = 20

function readFix(document: Document, fields: FixFields): Fix | undefined {
  const root = fields.mapping(
    { path: '', node: document.contents },
    {
      required: ['reweave-fix', 'name', 'advisory', 'title', 'base', 'changes'],
      optional: ['cve', 'on-top-of', 'lab-only', 'probe'],
    },
  )
  if (root === undefined) return undefined
  const formatVersion = readFormatVersion(root.get('reweave-fix'), fields)
  const name = fields.text(root.get('name'), NAME)
  const advisory = fields.text(root.get('advisory'), ADVISORY)
  const cves = readCves(root.get('cve'), fields)
  const title = fields.text(root.get('title'), TITLE)
  const base = readBase(root.get('base'), fields)
  const onTopOf = readOnTopOf(root.get('on-top-of'), name, fields)
  const labOnly = readLabOnly(root.get('lab-only'), fields)
  const probe = fields.text(root.get('probe'), NAME)
  const changes = readChanges(root.get('changes'), fields)
  if (formatVersion === undefined || name === undefined || advisory === undefined) return undefined
  if (title === undefined || base === undefined || changes === undefined) return undefined
  return { formatVersion, name, advisory, cves, title, base, onTopOf, labOnly, probe, changes }
}

function readFormatVersion(field: Field | undefined, fields: FixFields): 1 | undefined {
  const text = fields.text(field, VERSION_NUMBER)
  if (field === undefined || text === undefined) return undefined
  if (text === '1') return 1
  fields.report(field, quoted(text), '1', 'This version of the format is not known')
  return undefined
}

function readCves(field: Field | undefined, fields: FixFields): readonly string[] {
  if (field === undefined) return []
  const items = fields.list(field, { fewest: 0, most: FIX_LIMITS.cves }) ?? []
  return items.map((item) => fields.text(item, CVE)).filter((cve) => cve !== undefined)
}

/** Absent, or `true`: a fix that says `false` says something that nobody asked. */
function readLabOnly(field: Field | undefined, fields: FixFields): boolean {
  const text = fields.text(field, LAB_ONLY)
  if (field !== undefined && text !== undefined && text !== 'true') {
    fields.report(field, quoted(text), 'true, or no such field', 'This is no mark of a lab fix')
  }
  return text === 'true'
}

function readOnTopOf(
  field: Field | undefined,
  name: string | undefined,
  fields: FixFields,
): string | undefined {
  const onTopOf = fields.text(field, NAME)
  if (field !== undefined && onTopOf !== undefined && onTopOf === name) {
    fields.report(field, quoted(onTopOf), 'another fix', 'A fix cannot stand on itself')
  }
  return onTopOf
}

function readBase(field: Field | undefined, fields: FixFields): Fix['base'] | undefined {
  const base = field && fields.mapping(field, { required: ['build-id', 'version'] })
  if (base === undefined) return undefined
  const buildId = readBuildId(base.get('build-id'), fields)
  const version = fields.text(base.get('version'), VERSION)
  return buildId === undefined || version === undefined ? undefined : { buildId, version }
}

function readBuildId(field: Field | undefined, fields: FixFields): BuildId | undefined {
  const text = fields.text(field, BUILD_ID)
  if (field === undefined || text === undefined) return undefined
  const buildId = parseBuildId(text)
  if (buildId === undefined) {
    fields.report(field, quoted(text), BUILD_ID.wanted, 'This is no build-id')
  }
  return buildId
}

function readChanges(field: Field | undefined, fields: FixFields): readonly Change[] | undefined {
  const items = field && fields.list(field, { fewest: 1, most: FIX_LIMITS.changes })
  return items?.map((item) => readChange(item, fields)).filter((change) => change !== undefined)
}

function readChange(field: Field, fields: FixFields): Change | undefined {
  const optional = ['edit', 'detour', 'put', 'code']
  const members = fields.mapping(field, { required: ['why', 'expect'], optional })
  if (members === undefined) return undefined
  const isEdit = members.has('edit')
  if (isEdit === members.has('detour')) {
    const found = isEdit ? 'both' : 'neither'
    fields.report(field, found, 'edit or detour', 'A change is either an edit or a detour')
    return undefined
  }
  const [needed, foreign] = isEdit ? ['put', 'code'] : ['code', 'put']
  const stray = members.get(foreign)
  const kind = isEdit ? 'An edit' : 'A detour'
  if (stray !== undefined) fields.report(stray, foreign, needed, `${kind} has no such field`)
  if (!members.has(needed)) fields.report(field, 'nothing', needed, `${kind} needs the field`)
  const why = fields.text(members.get('why'), WHY)
  return isEdit ? readEdit(members, why, fields) : readDetour(members, why, fields)
}

function readEdit(
  members: ReadonlyMap<string, Field>,
  why: string | undefined,
  fields: FixFields,
): Change | undefined {
  const size = { fewest: 1, most: FIX_LIMITS.editBytes }
  const at = readPlace(members.get('edit'), fields)
  const expect = fields.bytes(members.get('expect'), size)
  const putField = members.get('put')
  const put = fields.bytes(putField, size)
  if (putField === undefined || expect === undefined || put === undefined) return undefined
  if (put.byteLength !== expect.byteLength) {
    const wanted = `${expect.byteLength} bytes`
    const sentence = 'An edit puts as many bytes as it expects'
    fields.report(putField, `${put.byteLength} bytes`, wanted, sentence)
    return undefined
  }
  if (put.every((byte, index) => byte === expect[index])) {
    fields.report(putField, 'the same bytes', 'other bytes', 'The edit changes nothing')
    return undefined
  }
  if (at === undefined || why === undefined) return undefined
  return { kind: 'edit', at, why, expect, put }
}

function readDetour(
  members: ReadonlyMap<string, Field>,
  why: string | undefined,
  fields: FixFields,
): Change | undefined {
  const at = readPlace(members.get('detour'), fields)
  const expect = fields.bytes(members.get('expect'), { fewest: 1, most: FIX_LIMITS.detourBytes })
  const code = fields.code(members.get('code'), { fewest: 1, most: FIX_LIMITS.codeBytes })
  if (at === undefined || why === undefined) return undefined
  if (expect === undefined || code === undefined) return undefined
  const { bytes, relocations } = code
  return { kind: 'detour', at, why, expect, code: { bytes, relocations } }
}

function readPlace(field: Field | undefined, fields: FixFields): Place | undefined {
  const text = fields.text(field, PLACE)
  if (field === undefined || text === undefined) return undefined
  const place = parsePlace(text, FIX_LIMITS.symbolLength)
  if (place === undefined) fields.report(field, quoted(text), PLACE_WANTED, 'This is no place')
  return place
}
