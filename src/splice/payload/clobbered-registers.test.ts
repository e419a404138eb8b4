import { describe, expect, it } from 'vitest'
import { describeSpliceRefusal } from './describe-splice-refusal.ts'
import { studyPayload } from './study-payload.ts'
import { hypervisorOf } from './testing/sample-hypervisor.ts'
import { orderOf, type SampleSection } from './testing/sample-order.ts'

const IMAGE = hypervisorOf({
  text: [
    { name: 'entry', code: 'e8 {pc32 caller}  e8 {pc32 callee}  e8 {pc32 nested}  c3' },
    { name: 'caller', code: 'e8 {pc32 callee}  e8 {pc32 nested}  c3' },
    { name: 'callee', code: 'b8 01 00 00 00  c3' },
    { name: 'nested', code: 'e8 {pc32 helper}  c3' },
    { name: 'helper', code: '31 c9  c3' },
    { name: 'indirect', code: 'ff d0  c3' },
  ],
})

const CALLER: SampleSection = {
  section: '.text.caller',
  replaces: 'caller',
  code: 'e8 {pc32 callee}  e8 {pc32 nested}  31 c0 c3',
}

function callee(code: string): SampleSection {
  return { section: '.text.callee', replaces: 'callee', code }
}

function refusalsOf(...sections: readonly SampleSection[]): unknown {
  const studied = studyPayload(orderOf(IMAGE, sections))
  return studied.kind === 'refused' ? studied.refusals : []
}

function more(name: string, ...registers: readonly string[]): unknown {
  return [{ kind: 'clobbers-more', function: name, caller: 'caller', registers }]
}

describe('studyPayload()', () => {
  it('refuses a callee that overwrites what the old caller may keep over the call', () => {
    const refusals = refusalsOf(CALLER, callee('31 c0  31 d2  41 b8 01 00 00 00  c3'))
    expect(refusals).toEqual(more('callee', 'rdx', 'r8'))
  })

  it('tells the functions and the registers', () => {
    const registers = ['rdx', 'r8'] as const
    const facts = { function: 'callee', caller: 'caller', registers }
    expect(describeSpliceRefusal({ kind: 'clobbers-more', ...facts })).toBe(
      'Cannot replace callee: its new code overwrites rdx, r8, ' +
        'which the old code of caller may rely on when it calls it',
    )
  })

  it('takes a callee that overwrites no more, or what a callee has to preserve anyway', () => {
    expect(refusalsOf(CALLER, callee('31 c0  53  31 db  5b  c3'))).toEqual([])
  })

  it('counts what the new callee calls', () => {
    expect(refusalsOf(CALLER, callee('e8 {pc32 helper}  c3'))).toEqual(more('callee', 'rcx'))
    expect(refusalsOf(CALLER, callee('e9 {pc32 helper}'))).toEqual(more('callee', 'rcx'))
  })

  it('follows what an old caller may keep over a function that is not replaced', () => {
    const image = (wrapper: string) =>
      hypervisorOf({
        text: [
          { name: 'entry', code: 'e8 {pc32 caller}  e8 {pc32 callee}  c3' },
          { name: 'caller', code: 'e8 {pc32 wrapper}  c3' },
          { name: 'wrapper', code: wrapper },
          { name: 'callee', code: 'b8 01 00 00 00  c3' },
        ],
      })
    const studied = (wrapper: string): unknown => {
      const caller = { ...CALLER, code: 'e8 {pc32 wrapper}  31 c0 c3' }
      const order = orderOf(image(wrapper), [caller, callee('31 d2  31 c0  c3')])
      const result = studyPayload(order)
      return result.kind === 'refused' ? result.refusals : []
    }
    expect(studied('e8 {pc32 callee}  c3')).toEqual(more('callee', 'rdx'))
    expect(studied('31 d2  e8 {pc32 callee}  c3')).toEqual([])
  })

  it('counts everything for an indirect call, which no compiler knows', () => {
    const all = ['rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11']
    expect(refusalsOf(CALLER, callee('ff d0  c3'))).toEqual(more('callee', ...all))
    expect(refusalsOf(CALLER, callee('e8 {pc32 indirect}  c3'))).toEqual(more('callee', ...all))
  })

  it('counts what the old callee called', () => {
    const nested = { section: '.text.nested', replaces: 'nested', code: '31 c9  c3' }
    expect(refusalsOf(CALLER, nested)).toEqual([])
  })

  it('lets a callee do what it likes when no caller is replaced, or it is not switched', () => {
    expect(refusalsOf(callee('31 c0  31 d2  c3'))).toEqual([])
    const image = hypervisorOf({
      text: [
        { name: 'entry', code: 'e8 {pc32 caller}  c3' },
        { name: 'caller', code: 'e8 {pc32 callee}  c3' },
        { name: 'callee', code: 'b8 01 00 00 00  c3' },
      ],
    })
    const caller = { ...CALLER, code: 'e8 {pc32 callee}  31 c0  c3' }
    expect(studyPayload(orderOf(image, [caller, callee('31 c0  31 d2  c3')])).kind).toBe('studied')
  })
})
