import { describe, expect, it } from 'vitest'
import { findReferences } from '../../image/image-references.ts'
import { neededSwitches } from './needed-switches.ts'
import { hypervisorOf, partAt, type SampleHypervisor } from './testing/sample-hypervisor.ts'

const SAMPLE: SampleHypervisor = {
  text: [
    { name: 'entry', code: 'e8 {pc32 caller}  c3' },
    { name: 'caller', code: 'e8 {pc32 callee}  0f 84 {pc32 caller.cold}  c3' },
    { name: 'callee', file: 'a.c', code: '31 c0  ff c0  c3' },
    { name: 'caller.cold', code: 'e9 {pc32 callee}' },
  ],
}

/** How each is reached that has to be switched, when `caller` and `callee` are replaced. */
function reachedBy(sample: SampleHypervisor): readonly (string | undefined)[] {
  const image = hypervisorOf(sample)
  const replaced = ['caller', 'callee'].map((name) => {
    const symbol = image.functionAt(partAt(image, name))
    if (symbol === undefined) throw new Error(`There is no ${name}`)
    return symbol
  })
  return neededSwitches(image, findReferences(image), replaced).map((one) => one.reachedBy?.form)
}

describe('neededSwitches()', () => {
  it('leaves a function that only replaced ones call, also from their cold parts', () => {
    expect(reachedBy(SAMPLE)).toEqual(['call', undefined])
  })

  it('knows the cold part of a global function, which is static in a file', () => {
    const text = SAMPLE.text.map((part) =>
      part.name === 'caller.cold' ? { ...part, file: 'b.c' } : part,
    )
    expect(reachedBy({ ...SAMPLE, text })).toEqual(['call', undefined])
  })

  it.each([
    ['another function calls', 'call', { name: 'other', code: 'e8 {pc32 callee}  c3' }],
    ['another function jumps to', 'jump', { name: 'other', code: 'e9 {pc32 callee}' }],
    ['code without a size calls', 'call', { name: 'l', kind: 'label', code: 'e8 {pc32 callee}' }],
  ] as const)('switches a function that %s', (_, form, part) => {
    const text = [...SAMPLE.text, part]
    expect(reachedBy({ ...SAMPLE, text })).toEqual(['call', form])
  })

  it('switches a function whose address a replaced one takes', () => {
    const text = SAMPLE.text.map((part) =>
      part.name === 'caller' ? { ...part, code: '48 8d 05 {pc32 callee}  c3' } : part,
    )
    expect(reachedBy({ ...SAMPLE, text })[1]).toBe('operand')
  })

  it('switches a function that a table points to', () => {
    const rodata = [{ name: 'ops', code: '{abs64 callee}' }]
    expect(reachedBy({ ...SAMPLE, rodata })[1]).toBe('pointer')
  })

  it('counts the replacement of an alternative as part of the function it is for', () => {
    const sample = (site: string): SampleHypervisor => ({
      ...SAMPLE,
      initText: [{ name: 'replacement', kind: 'label', code: 'e8 {pc32 callee}' }],
      initData: [
        { name: '__alt_instructions', kind: 'label', code: '' },
        {
          name: 'alt',
          code: `{pc32 ${site}} {pc32 replacement+0x4} 33 00 05 05 00 00`,
          alignment: 1,
        },
        { name: '__alt_instructions_end', kind: 'label', code: '', alignment: 1 },
      ],
    })
    expect(reachedBy(sample('caller+0x4'))).toEqual(['call', undefined])
    expect(reachedBy(sample('entry+0x4'))).toEqual(['call', 'call'])
  })
})
