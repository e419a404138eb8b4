import { describe, expect, it } from 'vitest'
import type { Image } from '../image/image.ts'
import { parseBuildId } from '../image/build-id.ts'
import { SAMPLE_BUILD_ID, sampleImage, type SampleSymbol } from '../image/testing/sample-image.ts'
import { virtualAddress } from '../address/address.ts'
import { checkPayload, describePayloadMismatch, type PayloadMismatch } from './check-payload.ts'
import type { Payload, PayloadFunction } from './payload.ts'
import { alternativesTable, tableImage, xenTable } from './testing/table-image.ts'
import { readWell, smallImage, smallPayloadBytes } from './testing/sample-payload.ts'

const SYMBOLS: readonly SampleSymbol[] = [
  { name: 'check', offset: 0, byteLength: 32 },
  { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
  { name: 'printk', offset: 64, byteLength: 16 },
]

function payload(changes: Partial<Payload> = {}): Payload {
  return { ...readWell(smallPayloadBytes()), ...changes }
}

/** The payload with its first function changed. */
function withFunction(changes: Partial<PayloadFunction>): Payload {
  const [first, ...rest] = payload().functions
  if (first === undefined) throw new Error('The payload has functions')
  return payload({ functions: [{ ...first, ...changes }, ...rest] })
}

function imageWith(symbols: readonly SampleSymbol[], text?: Uint8Array): Image {
  return sampleImage({ text: text ?? new Uint8Array(256).fill(0x90), symbols })
}

function mismatches(of: Payload, image: Image): readonly PayloadMismatch[] {
  const found = checkPayload(of, image)
  for (const mismatch of found) expect(describePayloadMismatch(mismatch)).toMatch(/\w/)
  return found
}

describe('checkPayload()', () => {
  it.each([1, 2] as const)(
    'finds nothing wrong with the image it is for, version %i',
    (version) => {
      expect(checkPayload(readWell(smallPayloadBytes(version)), smallImage())).toEqual([])
    },
  )

  it('finds another build of Xen', () => {
    const other = parseBuildId('ff'.repeat(20))
    if (other === undefined) throw new Error('It is a build-id')
    expect(mismatches(payload({ xenBuildId: other }), smallImage())).toEqual([
      { kind: 'other-xen', found: other, wanted: SAMPLE_BUILD_ID },
    ])
  })

  it('finds hooks', () => {
    const hooks = ['.livepatch.hooks.apply']
    expect(mismatches(payload({ hooks }), smallImage())).toEqual([
      { kind: 'has-hooks', sections: hooks },
    ])
  })

  it('finds sections that mean nothing in a payload', () => {
    const { elf } = payload()
    const sections = elf.sections.map((section) =>
      section.name.startsWith('.rodata') ? { ...section, name: '.data.percpu' } : section,
    )
    expect(mismatches(payload({ elf: { ...elf, sections } }), smallImage())).toEqual([
      { kind: 'section-unknown', section: '.data.percpu' },
    ])
  })

  it('finds a symbol that the image lacks', () => {
    expect(mismatches(payload(), imageWith(SYMBOLS.slice(0, 2)))).toEqual([
      { kind: 'symbol-not-found', symbol: 'printk' },
    ])
  })

  it('finds a symbol that Xen may resolve in two ways', () => {
    const table = xenTable([
      ['printk', 64],
      ['printk', 96],
    ])
    const image = tableImage(new Uint8Array(256).fill(0x90), SYMBOLS, table)
    expect(mismatches(payload(), image)).toEqual([
      { kind: 'symbol-ambiguous', symbol: 'printk', foundCount: 2 },
    ])
  })

  it('finds a new symbol that the hypervisor has already', () => {
    const { elf } = payload()
    const symbols = elf.symbols.map((symbol) =>
      symbol.name === 'check' ? { ...symbol, value: symbol.value + 1n } : symbol,
    )
    expect(mismatches(payload({ elf: { ...elf, symbols } }), smallImage())).toEqual([
      { kind: 'symbol-taken', symbol: 'check' },
    ])
  })

  it('finds that no function begins at the address', () => {
    const at = virtualAddress(0xffff82d040200001n)
    expect(mismatches(withFunction({ oldAddress: at }), smallImage())).toEqual([
      { kind: 'no-function-there', function: 'check', at },
    ])
  })

  it('finds that another function begins at the address', () => {
    const at = virtualAddress(0xffff82d040200040n)
    expect(mismatches(withFunction({ oldAddress: at }), smallImage())).toEqual([
      { kind: 'other-function-there', function: 'check', found: 'printk', at },
    ])
  })

  it('takes the name where there is no address', () => {
    expect(mismatches(withFunction({ oldAddress: undefined }), smallImage())).toEqual([])
    const lost = withFunction({ oldAddress: undefined, name: 'lost' })
    expect(mismatches(lost, smallImage())).toEqual([{ kind: 'symbol-not-found', symbol: 'lost' }])
  })

  it('finds another length', () => {
    expect(mismatches(withFunction({ oldByteLength: 31 }), smallImage())).toEqual([
      { kind: 'function-length-differs', function: 'check', foundBytes: 32, wantedBytes: 31 },
    ])
  })

  it('finds one function by two names', () => {
    const [first, second] = payload().functions
    if (first === undefined || second === undefined) throw new Error('The payload has two')
    const functions = [first, second, { ...first, name: 'alias' }]
    expect(mismatches(payload({ functions }), smallImage())).toEqual([
      { kind: 'function-replaced-twice', function: 'alias', other: 'check' },
    ])
  })

  it('finds no room behind endbr64, for a jump or for NOPs', () => {
    const text = new Uint8Array(256).fill(0x90)
    text.set([0xf3, 0x0f, 0x1e, 0xfa])
    const image = imageWith(
      [{ name: 'check', offset: 0, byteLength: 8 }, ...SYMBOLS.slice(1)],
      text,
    )
    const short = { oldByteLength: 8, expected: undefined }
    expect(mismatches(withFunction(short), image)).toEqual([
      { kind: 'function-too-short', function: 'check', foundBytes: 8, wantedBytes: 9 },
    ])
    const { elf } = payload()
    const symbols = elf.symbols.filter(({ name }) => name !== 'check')
    const withNops = (newByteLength: number): Payload => ({
      ...withFunction({ ...short, code: undefined, newByteLength }),
      elf: { ...elf, symbols },
    })
    expect(mismatches(withNops(4), image)).toMatchObject([{ kind: 'too-few-nops', found: 4 }])
    expect(mismatches(withNops(5), image)).toEqual([])
  })

  it('finds other bytes than expected', () => {
    const text = new Uint8Array(256).fill(0x90)
    text[30] = 0xcc
    expect(mismatches(payload(), imageWith(SYMBOLS, text))).toMatchObject([
      { kind: 'other-bytes-expected', function: 'check' },
    ])
  })

  it('finds that boot may rewrite what is expected, though the image agrees', () => {
    const sites = alternativesTable([[48, 3]])
    const image = tableImage(new Uint8Array(256).fill(0x90), SYMBOLS, [sites])
    expect(mismatches(payload(), image)).toEqual([
      {
        kind: 'expectation-unsure',
        function: 'common/check.c#helper',
        foundBytes: 31,
        wantedAtMostBytes: 16,
      },
    ])
  })
})
