import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { contains, overlaps } from '../address/address-range.ts'
import { paddingBehindText, paddingBetweenFunctions } from './free-bytes.ts'
import type { Image } from './image.ts'
import { isCodePadding, nopLength } from './nop.ts'
import { SAMPLE_START, sampleImage, type SampleSymbol } from './testing/sample-image.ts'

/** Intel SDM volume 2B, NOP, table of recommended forms; then longer ones as GNU as makes them. */
const NOPS = [
  '90',
  '66 90',
  '0f 1f 00',
  '0f 1f 40 00',
  '0f 1f 44 00 00',
  '66 0f 1f 44 00 00',
  '0f 1f 80 00 00 00 00',
  '0f 1f 84 00 00 00 00 00',
  '66 0f 1f 84 00 00 00 00 00',
  '66 2e 0f 1f 84 00 00 00 00 00',
  '66 66 2e 0f 1f 84 00 00 00 00 00',
  '66 66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00',
].map(bytesOf)

const NO_NOPS = [
  ['ret', 'c3'],
  ['pause', 'f3 90'],
  ['xchg %rax,%r8', '49 90'],
  ['a NOP with a displacement', '0f 1f 40 01'],
  ['a NOP on another register form', '0f 1f c0'],
  ['a NOP cut short', '0f 1f 44 00'],
  ['prefixes alone', '66 66'],
  ['zeros', '00 00'],
  ['more than 15 bytes', '66 66 66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00'],
] as const

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16))
}

function at(offset: number) {
  return virtualAddress(SAMPLE_START + BigInt(offset))
}

/** `.text` of `length` bytes of code with `padding` at the offsets given. */
function imageWith(
  length: number,
  symbols: readonly SampleSymbol[],
  ...paddings: readonly (readonly [offset: number, text: string])[]
): Image {
  const text = new Uint8Array(length).fill(0xc3)
  for (const [offset, bytes] of paddings) text.set(bytesOf(bytes), offset)
  return sampleImage({ text, symbols })
}

function runsOf(image: Image): [string, bigint, number][] {
  return paddingBetweenFunctions(image).map(({ start, byteLength, behind }) => [
    behind.name,
    start - SAMPLE_START,
    byteLength,
  ])
}

const f = { name: 'f', offset: 0, byteLength: 8 }
const g = { name: 'g', offset: 16, byteLength: 16 }
const EIGHT = '0f 1f 84 00 00 00 00 00'

describe('nopLength()', () => {
  it.each(NOPS.map((nop) => [nop.length, nop] as const))(
    'knows the NOP of %i bytes',
    (size, nop) => {
      expect(nopLength(nop, 0)).toBe(size)
      expect(nopLength(Uint8Array.of(0xc3, ...nop, 0xc3), 1)).toBe(size)
    },
  )

  it.each(NO_NOPS)('does not take %s for a NOP', (_, text) => {
    expect(nopLength(bytesOf(text), 0)).toBe(0)
  })

  it('never claims bytes behind the end', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x90, 0)), (list) => {
        const bytes = Uint8Array.from(list)
        for (let at = 0; at <= bytes.length; at += 1) {
          const length = nopLength(bytes, at)
          expect(at + length).toBeLessThanOrEqual(bytes.length)
          expect(length).toBeLessThanOrEqual(15)
        }
      }),
      { seed: 0x5eed06, numRuns: 500 },
    )
  })
})

describe('isCodePadding()', () => {
  it('takes any sequence of NOPs and INT3, and none with another byte put in', () => {
    const pieces = fc.array(fc.constantFrom(...NOPS, Uint8Array.of(0xcc)), { maxLength: 6 })
    fc.assert(
      fc.property(pieces, fc.nat(6), (pieces, where) => {
        const flat = (parts: readonly Uint8Array[]) =>
          Uint8Array.from(parts.flatMap((part) => [...part]))
        expect(isCodePadding(flat(pieces))).toBe(true)
        const spoilt = pieces.toSpliced(where, 0, Uint8Array.of(0xc3))
        expect(isCodePadding(flat(spoilt))).toBe(false)
      }),
      { seed: 0x5eed07, numRuns: 300 },
    )
  })
})

describe('paddingBehindText()', () => {
  it('reaches from the end of .text to the end of its page', () => {
    expect(paddingBehindText(imageWith(0x123, []))).toEqual({
      start: at(0x123),
      byteLength: 0xedd,
    })
  })
})

describe('paddingBetweenFunctions()', () => {
  it('finds the NOPs between the end of a function and the next symbol', () => {
    expect(runsOf(imageWith(32, [f, g], [8, EIGHT]))).toEqual([['f', 8n, 8]])
  })

  it('finds those behind the last function, up to the end of .text', () => {
    expect(runsOf(imageWith(36, [f, g], [32, '90 cc cc 90']))).toEqual([['g', 32n, 4]])
  })

  it('leaves out bytes that are not wholly padding: code without a symbol', () => {
    expect(runsOf(imageWith(32, [f, g], [8, '90 90 90 c3 90 90 90 90']))).toEqual([])
  })

  it('leaves out a run whose last NOP reaches into the next symbol', () => {
    const image = imageWith(32, [f, { ...g, offset: 12 }], [8, EIGHT])
    expect(runsOf(image)).toEqual([])
  })

  it('leaves out what follows a label, which may be executed as its code', () => {
    const label = { name: 'label', byteLength: 0, kind: 'none' } as const
    expect(runsOf(imageWith(32, [f, { ...label, offset: 8 }, g], [8, EIGHT]))).toEqual([])
    expect(
      runsOf(imageWith(32, [f, { ...label, offset: 10 }, g], [8, '66 90 90 90 90 90 90 90'])),
    ).toEqual([['f', 8n, 2]])
  })

  it('leaves out what follows a function of no size, whose end is not known', () => {
    // Found by the property below: seed 0x5eed08, path 70.
    expect(runsOf(imageWith(32, [{ ...f, byteLength: 0 }, g], [0, `${EIGHT} ${EIGHT}`]))).toEqual(
      [],
    )
  })

  it('leaves out NOPs inside a function that encloses another', () => {
    const enclosing = { name: 'enclosing', offset: 0, byteLength: 16 }
    expect(runsOf(imageWith(32, [enclosing, f, g], [8, EIGHT]))).toEqual([])
  })

  it('leaves out what follows data', () => {
    expect(runsOf(imageWith(32, [{ ...f, kind: 'object' }, g], [8, EIGHT]))).toEqual([])
  })

  it('gives runs of padding that no symbol covers, for any symbols', () => {
    const symbol = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      offset: fc.nat(70),
      byteLength: fc.nat(20),
      kind: fc.constantFrom('function', 'function', 'object', 'none'),
    }) satisfies fc.Arbitrary<SampleSymbol>
    const content = fc.array(fc.constantFrom(0x90, 0x90, 0x90, 0xcc, 0xc3), {
      minLength: 64,
      maxLength: 64,
    })
    fc.assert(
      fc.property(content, fc.array(symbol, { maxLength: 8 }), (content, symbols) => {
        const image = sampleImage({ text: Uint8Array.from(content), symbols })
        for (const run of paddingBetweenFunctions(image)) {
          expect(contains(image.text, run)).toBe(true)
          expect(isCodePadding(image.bytesAt(run) ?? Uint8Array.of(0))).toBe(true)
          const covering = image.symbols.filter((symbol) =>
            overlaps({ start: symbol.address, byteLength: symbol.byteLength || 1 }, run),
          )
          expect(covering).toEqual([])
          expect(run.behind.address + BigInt(run.behind.byteLength)).toBe(run.start)
        }
      }),
      { seed: 0x5eed08, numRuns: 500 },
    )
  })
})
