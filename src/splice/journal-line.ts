/**
 * One line of a journal, to text and back.
 *
 *     rwj1 42 5f3a9c01 {"bootId":"…","time":"…","record":{"kind":"intent",…}}⏎
 *     │    │  │        └ body: one JSON object, in ASCII
 *     │    │  └ checksum: CRC-32 of `rwj1 42 ` and the body, 8 hexadecimal digits
 *     │    └ sequence number, decimal, from 1
 *     └ format and version
 *
 * Bytes are hexadecimal digits, addresses `0x…`. See docs/formats/journal.md.
 *
 * @module
 */

import { hex, machineAddress, virtualAddress } from '../address/address.ts'
import { count, list, object, oneOf, parsed, readForm, text, variant } from '../hotfix/json-form.ts'
import { parseBuildId } from '../image/build-id.ts'
import { bytesAsHex, bytesFromHex } from './bytes-as-hex.ts'
import type {
  BeginRecord,
  Checksum,
  EndRecord,
  JournalEntry,
  JournalRecord,
  LivepatchApplyRecord,
  LivepatchEndRecord,
  OutcomeRecord,
  PassageRecord,
  ReplacedFunction,
} from './journal.ts'
import type { PlannedWrite } from './plan.ts'

/** The text that begins every line of this version. */
export const LINE_MARK = 'rwj1'

/** The line of an entry, with its newline: ASCII only. */
export function encodeLine(entry: JournalEntry, checksum: Checksum): Uint8Array {
  const { sequence, bootId, time, record } = entry
  const json = JSON.stringify({ bootId, time, record }, writeValue)
  const ascii = json.replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const head = `${LINE_MARK} ${sequence} `
  const sum = checksum(asciiBytes(head + ascii))
    .toString(16)
    .padStart(8, '0')
  return asciiBytes(`${head}${sum} ${ascii}\n`)
}

/** What a line says, or why it says nothing. */
export type DecodedLine =
  | { readonly kind: 'entry'; readonly entry: JournalEntry }
  /** No line of this format, or changed since it was written. */
  | { readonly kind: 'damaged'; readonly why: string }
  /** Whole, but written by a later version, or by a mistake. */
  | { readonly kind: 'unknown-form'; readonly why: string }

/** Decodes one line, given without its newline. */
export function decodeLine(line: Uint8Array, checksum: Checksum): DecodedLine {
  const text = asciiText(line)
  const parts = LINE.exec(text)
  if (parts === null) return { kind: 'damaged', why: 'not a line of a journal' }
  const [, head = '', sequence = '', sum = '', json = ''] = parts
  if (checksum(asciiBytes(head + json)) !== Number.parseInt(sum, 16)) {
    return { kind: 'damaged', why: 'the checksum does not fit' }
  }
  if (!head.startsWith(`${LINE_MARK} `)) {
    return { kind: 'unknown-form', why: `the version is not ${LINE_MARK}` }
  }
  const read = readForm(body, parseJson(json))
  if (read.kind === 'fault') {
    const { field, found, wanted } = read
    const place = field === '' ? 'the body' : field
    return { kind: 'unknown-form', why: `${place} is ${found}, wanted ${wanted}` }
  }
  return { kind: 'entry', entry: { sequence: Number(sequence), ...read.value } }
}

const LINE = /^(rwj[1-9]\d{0,3} ([1-9]\d{0,14}) )([0-9a-f]{8}) (\{[\x20-\x7e]*\})$/

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // The checksum fits, so the writer wrote no JSON: no value has the form of a body.
    return undefined
  }
}

/** Addresses and bytes as text; everything else of a record is JSON already. */
function writeValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return hex(value)
  return value instanceof Uint8Array ? bytesAsHex(value) : value
}

const ADDRESS = /^0x(?:0|[1-9a-f][0-9a-f]{0,15})$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

const bytes = parsed('bytes in hexadecimal', bytesFromHex)
const virtual = parsed('an address', (value) =>
  ADDRESS.test(value) ? virtualAddress(BigInt(value)) : undefined,
)
const machine = parsed('an address', (value) =>
  ADDRESS.test(value) ? machineAddress(BigInt(value)) : undefined,
)
const buildId = parsed('a build-id', (value) => {
  const id = parseBuildId(value)
  return id === value ? id : undefined
})
const instant = parsed('a time', (value) => (INSTANT.test(value) ? value : undefined))
const direction = oneOf('put-after', 'put-before')

const write = object<PlannedWrite>({
  role: oneOf('stage', 'relay', 'switch'),
  change: count,
  at: virtual,
  before: bytes,
  after: bytes,
  place: text,
  why: text,
})

const record = variant<JournalRecord>({
  begin: object<BeginRecord>({
    kind: oneOf('begin'),
    transaction: text,
    goal: oneOf('applied', 'not-applied'),
    machineStart: machine,
    engine: text,
    plan: object({ fix: text, advisory: text, buildId, writes: list(write) }),
  }),
  intent: object({ kind: oneOf('intent'), transaction: text, write: count, direction }),
  outcome: object({
    kind: oneOf('outcome'),
    transaction: text,
    write: count,
    direction,
    result: variant<OutcomeRecord['result']>({
      verified: object({ kind: oneOf('verified') }),
      failed: object({ kind: oneOf('failed'), what: text }),
    }),
  }),
  passage: object({
    kind: oneOf('passage'),
    transaction: text,
    result: variant<PassageRecord['result']>({
      left: object({ kind: oneOf('left') }),
      unknown: object({ kind: oneOf('unknown'), why: text }),
    }),
  }),
  end: object({
    kind: oneOf('end'),
    transaction: text,
    result: variant<EndRecord['result']>({
      completed: object({ kind: oneOf('completed') }),
      abandoned: object({ kind: oneOf('abandoned'), reason: text }),
    }),
  }),
  'livepatch-apply': object<LivepatchApplyRecord>({
    kind: oneOf('livepatch-apply'),
    transaction: text,
    action: oneOf('apply', 'replace'),
    hotfix: text,
    name: text,
    buildId,
    dependsOn: buildId,
    functions: list(object<ReplacedFunction>({ name: text, address: virtual, byteLength: count })),
  }),
  'livepatch-withdraw': object({
    kind: oneOf('livepatch-withdraw'),
    transaction: text,
    action: oneOf('revert', 'unload'),
    name: text,
  }),
  'livepatch-end': object({
    kind: oneOf('livepatch-end'),
    transaction: text,
    result: variant<LivepatchEndRecord['result']>({
      completed: object({ kind: oneOf('completed') }),
      refused: object({ kind: oneOf('refused'), why: text }),
      incomplete: object({ kind: oneOf('incomplete'), what: text }),
    }),
  }),
  resumed: object({ kind: oneOf('resumed'), tornFrom: count, tornBytes: count }),
})

const body = object<Omit<JournalEntry, 'sequence'>>({ bootId: text, time: instant, record })

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0))
}

function asciiText(line: Uint8Array): string {
  let text = ''
  for (const byte of line) text += String.fromCharCode(byte)
  return text
}
