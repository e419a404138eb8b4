/**
 * Small images, their live memory, and fixes for them, made for tests of planning.
 *
 * @module
 */

import { advance, distance, type VirtualAddress, virtualAddress } from '../../address/address.ts'
import { contains } from '../../address/address-range.ts'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import { readCodeText } from '../../hotfix/code-text.ts'
import type { Change, Detour, Edit, Fix } from '../../hotfix/fix.ts'
import { parsePlace } from '../../hotfix/place-text.ts'
import { parseBuildId } from '../../image/build-id.ts'
import type { Image } from '../../image/image.ts'
import {
  SAMPLE_BUILD_ID,
  SAMPLE_START,
  sampleImage,
  type SampleSymbol,
} from '../../image/testing/sample-image.ts'
import type { LiveBytes } from '../live-bytes.ts'
import type { PlannedWrite } from '../plan.ts'

/** A function of a sample, or bytes without a symbol where it has no name. */
export interface SampleFunction {
  readonly name?: string
  readonly file?: string
  readonly code: Uint8Array
  /** What the function's start is a multiple of; 16 when absent. */
  readonly alignment?: number
}

/** An image of the functions, one behind the other, with NOPs in the gaps. */
export function imageOf(functions: readonly SampleFunction[]): Image {
  const text: number[] = []
  const symbols: SampleSymbol[] = []
  for (const { name, file, code, alignment = 16 } of functions) {
    while (text.length % alignment !== 0) text.push(0x90)
    const at = { offset: text.length, byteLength: code.byteLength }
    if (name !== undefined) symbols.push({ name, ...(file === undefined ? {} : { file }), ...at })
    text.push(...code)
  }
  return sampleImage({ text: Uint8Array.from(text), symbols })
}

/** A function's code from hexadecimal. */
export function functionOf(name: string, hex: string): SampleFunction {
  return { name, code: hexBytes(hex) }
}

export function editOf(at: string, expect: string, put: string): Edit {
  return {
    kind: 'edit',
    at: place(at),
    why: 'a test',
    expect: hexBytes(expect),
    put: hexBytes(put),
  }
}

export function detourOf(at: string, expect: string, code: string): Detour {
  const { bytes, relocations, problems } = readCodeText(code)
  if (problems.length > 0) throw new Error(`${code} is no code`)
  const change = { at: place(at), why: 'a test', expect: hexBytes(expect) }
  return { kind: 'detour', ...change, code: { bytes, relocations } }
}

export function fixOf(...changes: readonly Change[]): Fix {
  const buildId = parseBuildId(SAMPLE_BUILD_ID)
  if (buildId === undefined) throw new Error('The sample has no build-id')
  return {
    formatVersion: 1,
    name: 'sample',
    advisory: 'XSA-1',
    cves: [],
    title: 'a sample',
    base: { buildId, version: '1' },
    onTopOf: undefined,
    labOnly: false,
    probe: undefined,
    changes,
  }
}

/** The sample's memory while it runs: as linked at first, with zeros in the padding. */
export class SampleMemory implements LiveBytes {
  readonly #range: Image['textWithPadding']
  readonly #bytes: Uint8Array

  constructor(image: Image, fill = 0) {
    this.#range = image.textWithPadding
    this.#bytes = new Uint8Array(this.#range.byteLength).fill(fill)
    this.#bytes.set(image.text.bytes ?? [])
  }

  bytesAt(range: Image['textWithPadding']): Uint8Array | undefined {
    if (!contains(this.#range, range)) return undefined
    const offset = distance(this.#range.start, range.start)
    return this.#bytes.slice(offset, offset + range.byteLength)
  }

  put(at: VirtualAddress, bytes: Uint8Array): void {
    this.#bytes.set(bytes, distance(this.#range.start, at))
  }

  apply(writes: readonly PlannedWrite[]): void {
    for (const write of writes) this.put(write.at, write.after)
  }

  revert(writes: readonly PlannedWrite[]): void {
    for (const write of writes.toReversed()) this.put(write.at, write.before)
  }

  /** All of it. */
  snapshot(): Uint8Array {
    return this.#bytes.slice()
  }
}

/** The address so many bytes into the sample. */
export function sampleAddress(offset: number): VirtualAddress {
  return advance(virtualAddress(SAMPLE_START), offset)
}

function place(text: string): Edit['at'] {
  const parsed = parsePlace(text, 100)
  if (parsed === undefined) throw new Error(`${text} is no place`)
  return parsed
}
