/**
 * Proofs as JSON, for a cache: written once for a build and an image, read back before a patch.
 *
 * @module
 */

import { hex, virtualAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
import type { Difference, ObjectProof, OtherText, SymbolProof, Verdict } from './object-proof.ts'

/** Raised when the form, or what a verdict means, changes: older records are made again. */
export const PROOF_RECORD_VERSION = 2

export type ProofRecordRead =
  | { readonly kind: 'read'; readonly proofs: readonly ObjectProof[] }
  | { readonly kind: 'refused'; readonly why: string }

/** The JSON text of the proofs; equal proofs give equal texts. */
export function writeProofRecord(buildId: BuildId, proofs: readonly ObjectProof[]): string {
  const record = { version: PROOF_RECORD_VERSION, buildId, objects: proofs }
  return `${JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? hex(value) : value))}\n`
}

/**
 * Reads a record that is to be of this image.
 *
 * Anything that `writeProofRecord` would not have written is refused, so that a record that was cut
 * or altered never proves anything. It is no protection against one who means to forge it.
 */
export function readProofRecord(text: string, buildId: BuildId): ProofRecordRead {
  try {
    const record = members(parsed(text), '', ['version', 'buildId', 'objects'])
    if (record['version'] !== PROOF_RECORD_VERSION) {
      throw new RecordFault('version', `is not ${PROOF_RECORD_VERSION}`)
    }
    if (record['buildId'] !== buildId) throw new RecordFault('buildId', `is not ${buildId}`)
    return { kind: 'read', proofs: items(record['objects'], 'objects', readObject) }
  } catch (error) {
    if (error instanceof RecordFault) return { kind: 'refused', why: error.message }
    throw error
  }
}

/** Where a record is not as it was written. Caught by `readProofRecord`. */
class RecordFault extends Error {
  constructor(at: string, found: string) {
    super(`Cannot use the proof record: ${at === '' ? 'it' : at} ${found}`)
  }
}

type Members = Readonly<Record<string, unknown>>

function readObject(value: unknown, at: string): ObjectProof {
  const proof = members(value, at, ['object', 'functions', 'data', 'leftOut'])
  return {
    object: text(proof['object'], `${at}.object`),
    functions: items(proof['functions'], `${at}.functions`, readSymbolProof),
    data: items(proof['data'], `${at}.data`, readSymbolProof),
    leftOut: items(proof['leftOut'], `${at}.leftOut`, text),
  }
}

function readSymbolProof(value: unknown, at: string): SymbolProof {
  const proof = members(value, at, ['symbol', 'byteLength', 'verdict'])
  const symbol = members(proof['symbol'], `${at}.symbol`, ['name'], ['file'])
  return {
    symbol: {
      name: text(symbol['name'], `${at}.symbol.name`),
      file: optionalText(symbol['file'], `${at}.symbol.file`),
    },
    byteLength: count(proof['byteLength'], `${at}.byteLength`),
    verdict: readVerdict(proof['verdict'], `${at}.verdict`),
  }
}

function readVerdict(value: unknown, at: string): Verdict {
  const kind = oneOf(
    members(value, at, ['kind'], ['address', 'texts', 'difference', 'reason'])['kind'],
    at,
    ['identical', 'explained', 'different', 'not-in-image'],
  )
  if (kind === 'not-in-image') {
    const { reason } = members(value, at, ['kind', 'reason'])
    const reasons = ['discarded', 'object-not-linked', 'defined-elsewhere', 'unknown'] as const
    return { kind, reason: oneOf(reason, `${at}.reason`, reasons) }
  }
  const extra = { identical: [], explained: ['texts'], different: ['difference'] }[kind]
  const verdict = members(value, at, ['kind', 'address', ...extra])
  const address = addressOf(verdict['address'], `${at}.address`)
  switch (kind) {
    case 'identical':
      return { kind, address }
    case 'explained':
      return { kind, address, texts: items(verdict['texts'], `${at}.texts`, readOtherText) }
    case 'different': {
      const difference = readDifference(verdict['difference'], `${at}.difference`)
      return { kind, address, difference }
    }
  }
}

function readOtherText(value: unknown, at: string): OtherText {
  const other = members(value, at, ['at', 'found', 'wanted'])
  return {
    at: count(other['at'], `${at}.at`),
    found: text(other['found'], `${at}.found`),
    wanted: text(other['wanted'], `${at}.wanted`),
  }
}

function readDifference(value: unknown, at: string): Difference {
  const difference = members(value, at, ['kind', 'at', 'found', 'wanted'], ['within'])
  const kinds = [
    'length',
    'bytes',
    'reference',
    'text',
    'table',
    'unresolved',
    'unsupported',
  ] as const
  return {
    kind: oneOf(difference['kind'], `${at}.kind`, kinds),
    at: count(difference['at'], `${at}.at`),
    within: optionalText(difference['within'], `${at}.within`),
    found: text(difference['found'], `${at}.found`),
    wanted: text(difference['wanted'], `${at}.wanted`),
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new RecordFault('', 'is no JSON')
  }
}

/** An object with all of `wanted`, and besides them nothing but `allowed`. */
function members(
  value: unknown,
  at: string,
  wanted: readonly string[],
  allowed: readonly string[] = [],
): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RecordFault(at, 'is no object')
  }
  const missing = wanted.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) throw new RecordFault(at, `has no ${missing}`)
  const other = Object.keys(value).find((name) => !wanted.includes(name) && !allowed.includes(name))
  if (other !== undefined) throw new RecordFault(at, `has a member ${other}`)
  return value as Members
}

function items<T>(value: unknown, at: string, read: (item: unknown, at: string) => T): T[] {
  if (!Array.isArray(value)) throw new RecordFault(at, 'is no list')
  return value.map((item, index) => read(item, `${at}[${index}]`))
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new RecordFault(at, 'is no text')
  return value
}

function optionalText(value: unknown, at: string): string | undefined {
  return value === undefined ? undefined : text(value, at)
}

function count(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new RecordFault(at, 'is no count')
}

function addressOf(value: unknown, at: string): ReturnType<typeof virtualAddress> {
  const digits = text(value, at)
  if (!/^0x[0-9a-f]{1,16}$/.test(digits)) throw new RecordFault(at, 'is no address')
  return virtualAddress(BigInt(digits))
}

function oneOf<const T extends string>(value: unknown, at: string, known: readonly T[]): T {
  const found = known.find((each) => each === value)
  if (found === undefined) throw new RecordFault(at, `is none of ${known.join(', ')}`)
  return found
}
