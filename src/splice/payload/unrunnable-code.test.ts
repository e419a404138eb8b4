import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance } from '../../address/address.ts'
import type { Image } from '../../image/image.ts'
import { findReferences } from '../../image/image-references.ts'
import { hypervisorOf, partAt, type SampleHypervisor } from './testing/sample-hypervisor.ts'
import { unrunnableFunctions, untouchedRuns } from './unrunnable-code.ts'

/** A start function that hands out a table of the vendor's functions, as Xen's do. */
const SAMPLE = {
  text: [
    { name: 'generic', code: '31 c0  c3' },
    { name: 'vmx_exit', code: 'e8 {pc32 vmx_helper}  c3' },
    { name: 'vmx_helper', file: 'vmx.c', code: '31 c0  eb 00  c3' },
    { name: 'vmx_asm', kind: 'label', code: 'e8 {pc32 vmx_exit}  eb f9' },
    { name: 'vmx_enter', code: 'e8 {pc32 generic}  e9 {pc32 vmx_asm}' },
    { name: 'unused', code: '31 c0  c3' },
    { name: 'caller', code: 'e8 {pc32 generic}  c3' },
  ],
  rodata: [{ name: 'csw', file: 'vmx.c', code: '{abs64 vmx_enter}' }],
  initText: [
    { name: 'hvm_enable', code: 'e8 {pc32 start_vmx}  c3' },
    { name: 'start_vmx', code: '48 8d 05 {pc32 vmx_table}  c3' },
  ],
  initData: [
    { name: 'initcall', code: '{abs64 hvm_enable}' },
    { name: 'vmx_table', file: 'vmx.c', code: '{abs64 vmx_exit} {abs64 vmx_initialise}' },
  ],
} satisfies SampleHypervisor

const INITIALISE = { name: 'vmx_initialise', code: '48 8d 05 {pc32 csw}  c3' }

const WHOLE: SampleHypervisor = { ...SAMPLE, text: [...SAMPLE.text, INITIALISE] }

const DEAD = ['vmx_exit', 'vmx_helper', 'vmx_enter', 'vmx_initialise']

function unrunnable(sample: SampleHypervisor, alsoRun: readonly string[] = []): readonly string[] {
  const image = hypervisorOf(sample)
  const entered = alsoRun.map((name) => partAt(image, name))
  return namesIn(image, entered)
}

function namesIn(image: Image, entered: Parameters<typeof unrunnableFunctions>[3]) {
  return unrunnableFunctions(image, findReferences(image), 'intel', entered).map(({ name }) => name)
}

describe('unrunnableFunctions()', () => {
  it('finds what only the start function leads to, through tables, labels and constants', () => {
    expect(unrunnable(WHOLE)).toEqual(DEAD)
  })

  it('finds none without the start function', () => {
    expect(unrunnable({ text: WHOLE.text, rodata: WHOLE.rodata ?? [] })).toEqual([])
  })

  it('finds none of the other vendor', () => {
    const image = hypervisorOf(WHOLE)
    expect(unrunnableFunctions(image, findReferences(image), 'amd', [])).toEqual([])
  })

  it('leaves out what nothing leads to, for how it is run is not known', () => {
    expect(unrunnable(WHOLE)).not.toContain('unused')
  })

  it.each([
    ['a call', { name: 'other', code: 'e8 {pc32 vmx_helper}  c3' }],
    ['a tail call', { name: 'other', code: 'e9 {pc32 vmx_helper}' }],
    ['a conditional jump', { name: 'other', code: '0f 84 {pc32 vmx_helper}  c3' }],
    ['an address taken', { name: 'other', code: '48 8d 05 {pc32 vmx_helper}  c3' }],
    ['an address in an immediate', { name: 'other', code: '48 b8 {abs64 vmx_helper}  c3' }],
    ['a call from code without a size', { name: 'l', kind: 'label', code: 'e8 {pc32 vmx_helper}' }],
  ] as const)('is disqualified by %s from outside', (_, part) => {
    const found = unrunnable({ ...WHOLE, text: [...WHOLE.text, part] })
    expect(found).toEqual(['vmx_exit', 'vmx_enter', 'vmx_initialise'])
  })

  it.each([
    ['a pointer in a table', 'rodata', { name: 'ops', code: '00 00 00 {abs64 vmx_helper}' }],
    ['a distance in a table', 'rodata', { name: 'ops', code: '{pc32 vmx_helper+0x4}' }],
    ['an initcall', 'initData', { name: 'initcall2', code: '{abs64 vmx_helper}' }],
    ['boot code', 'initText', { name: 'setup', code: 'e8 {pc32 vmx_helper}  c3' }],
  ] as const)('is disqualified by %s', (_, section, part) => {
    const found = unrunnable({ ...WHOLE, [section]: [...(WHOLE[section] ?? []), part] })
    expect(found).not.toContain('vmx_helper')
    expect(found).toContain('vmx_exit')
  })

  it('is disqualified by another way to the table', () => {
    const other = { name: 'other', code: '48 8d 05 {pc32 vmx_table}  c3' }
    expect(unrunnable({ ...WHOLE, text: [...WHOLE.text, other] })).toEqual([])
  })

  it('is disqualified by a function in front that runs off its end', () => {
    const text = WHOLE.text.flatMap((part) =>
      part.name === 'vmx_helper' ? [{ name: 'falls', code: '31 c0' }, part] : [part],
    )
    expect(unrunnable({ ...WHOLE, text })).not.toContain('vmx_helper')
  })

  it('is disqualified by new code that leads there', () => {
    expect(unrunnable(WHOLE, ['vmx_exit'])).toEqual(['vmx_enter', 'vmx_initialise'])
  })

  it('holds nothing that a reference from outside leads to, whatever is referred to', () => {
    const names = WHOLE.text.map(({ name }) => name)
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.constantFrom('e8', 'e9', '48 8d 05'), (to, by) => {
        const other = { name: 'other', code: `${by} {pc32 ${to}}  c3` }
        const found = unrunnable({ ...WHOLE, text: [...WHOLE.text, other] })
        expect(found).not.toContain(to)
        expect(DEAD).toEqual(expect.arrayContaining([...found]))
      }),
      { seed: 506, numRuns: 40 },
    )
  })
})

describe('untouchedRuns()', () => {
  it('leaves out alternatives, endbr64 and where an exception has a way out', () => {
    const image = hypervisorOf({
      text: [
        { name: 'f', code: 'f3 0f 1e fa  90 90  66 90 90  31 c0  8b 00  c3' },
        { name: 'fixup', kind: 'label', code: 'c3' },
      ],
      rodata: [
        { name: '__start___ex_table', kind: 'label', code: '' },
        { name: 'entry', code: '{pc32 f+0xf} {pc32 fixup+0x4}', alignment: 1 },
        { name: '__stop___ex_table', kind: 'label', code: '', alignment: 1 },
      ],
      initText: [{ name: 'replacement', kind: 'label', code: '0f 01 cb' }],
      initData: [
        { name: '__alt_instructions', kind: 'label', code: '' },
        {
          name: 'alternative',
          code: '{pc32 f+0xa} {pc32 replacement+0x4} 33 01 00 03 03 00',
          alignment: 1,
        },
        { name: '__alt_instructions_end', kind: 'label', code: '', alignment: 1 },
      ],
    })
    const at = partAt(image, 'f')
    const symbol = image.functionAt(at)
    if (symbol === undefined) throw new Error('There is no function')
    const runs = untouchedRuns(image, [symbol])
    expect(runs.map(({ start, byteLength }) => [start, byteLength])).toEqual([
      [advance(at, 4), 2],
      [advance(at, 9), 2],
      [advance(at, 12), 2],
    ])
  })
})
