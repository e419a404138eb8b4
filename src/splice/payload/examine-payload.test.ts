import { describe, expect, it } from 'vitest'
import { copyBytes } from '../../address/copy-bytes.ts'
import { parseBuildId } from '../../image/build-id.ts'
import type { Payload } from '../../payload/payload.ts'
import { describeSpliceRefusal } from './describe-splice-refusal.ts'
import { examinePayload, type PayloadOrder } from './examine-payload.ts'
import type { SpliceStudy } from '../../hotfix/splice-study.ts'
import { payloadReads } from './payload-reads.ts'
import { studyPayload } from './study-payload.ts'
import type { SpliceRefusal } from './splice-refusal.ts'
import { hypervisorOf } from './testing/sample-hypervisor.ts'
import {
  examined,
  orderOf,
  type SampleSection,
  studiedAndExamined,
} from './testing/sample-order.ts'

const IMAGE = hypervisorOf({
  text: [
    { name: 'entry', code: 'e8 {pc32 old}  e8 {pc32 locked}  e8 {pc32 stuck}  c3' },
    { name: 'old', code: '31 c0  ff c0  c3' },
    { name: 'locked', code: 'e8 {pc32 _spin_lock}  c3' },
    { name: 'alone', code: 'b8 00 00 00 00  e9 {pc32 alone}' },
    { name: '_spin_lock', code: '31 c0  c3' },
    { name: 'stuck', code: 'fa  31 c0  31 c0  c3' },
  ],
  rodata: [
    { name: '__ro_after_init_start', kind: 'label', code: '' },
    { name: 'written_at_boot', code: '62 61 72 00' },
    { name: '__ro_after_init_end', kind: 'label', code: '' },
    { name: 'lasting', code: '66 6f 6f 00' },
  ],
})

const NEW: SampleSection = { section: '.text.old', replaces: 'old', code: '31 c0  c3' }

function refusalsOf(order: PayloadOrder): readonly SpliceRefusal[] {
  const result = studiedAndExamined(order)
  return result.kind === 'refused' ? result.refusals : []
}

function withPayload(change: (payload: Payload) => Partial<Payload>): PayloadOrder {
  const order = orderOf(IMAGE, [NEW])
  return { ...order, payload: { ...order.payload, ...change(order.payload) } }
}

describe('examinePayload() with a study', () => {
  const order = orderOf(IMAGE, [NEW])
  const studied = studyPayload(order)
  if (studied.kind === 'refused') throw new Error('The sample cannot be studied')
  const { study } = studied
  const about = (other: SpliceStudy): unknown => {
    const result = examinePayload(order, other)
    return result.kind === 'refused' ? result.refusals : result.kind
  }
  const [only] = study.functions
  if (only === undefined) throw new Error('The sample replaces nothing')
  const placeOf = (name: string): { name: string; at: number } => {
    const found = IMAGE.find(name)
    if (found.kind !== 'found') throw new Error(`There is no ${name}`)
    return { name, at: Number(found.symbol.address - IMAGE.start) }
  }
  const amd = (place: { name: string; at: number }): SpliceStudy => ({
    ...study,
    unrunnable: { amd: [place], intel: [] },
  })
  const misfit = (what: string): unknown => [{ kind: 'study-does-not-fit', about: what }]

  it('takes the one of this payload and this build', () => {
    expect(about(study)).toBe('examined')
    expect(about(amd(placeOf('locked')))).toBe('examined')
  })

  it('refuses the study of other functions', () => {
    expect(about({ ...study, functions: [only, only] })).toEqual(misfit('other functions'))
    expect(about({ ...study, functions: [{ ...only, ...placeOf('locked') }] })).toEqual(
      misfit('other functions'),
    )
    expect(about({ ...study, functions: [{ ...only, name: 'locked' }] })).toEqual(
      misfit('other functions'),
    )
  })

  it('refuses one that lets code be overwritten where no such function begins', () => {
    const nowhere = 'where the build has no such function'
    const { at } = placeOf('locked')
    expect(about(amd({ name: 'other', at }))).toEqual(misfit(`other, ${nowhere}`))
    expect(about(amd({ name: 'locked', at: at + 1 }))).toEqual(misfit(`locked, ${nowhere}`))
    expect(about(amd(placeOf('lasting')))).toEqual(misfit(`lasting, ${nowhere}`))
  })

  it('refuses one by which a replaced function cannot run', () => {
    expect(about(amd(placeOf('old')))).toEqual(misfit('old as one that cannot run'))
  })

  it('switches a function only where it was studied', () => {
    const { arrivals } = only
    const entered = { ...arrivals, possible: [2] }
    const found = examinePayload(order, { ...study, functions: [{ ...only, arrivals: entered }] })
    const [old] = found.kind === 'examined' ? found.functions : []
    if (found.kind === 'refused' || old === undefined) throw new Error('It is refused')
    expect(found.entries.find(old.symbol, { isFree: () => false })).toMatchObject({
      kind: 'cannot',
      reason: { kind: 'entered-behind-entry' },
    })
  })
})

describe('examinePayload()', () => {
  const calling = (code: string): readonly SampleSection[] => [
    { ...NEW, code },
    { section: '.alt_call_sites', code: '{pc32 old+0x5}', alignment: 4 },
  ]

  it('makes the calls direct that .alt_call_sites names, as Xen since 4.21 does', () => {
    // nop; call *lasting(%rip); ret
    const found = examined(orderOf(IMAGE, calling('90  ff 15 {pc32 lasting}  c3')))
    const lasting = IMAGE.find('lasting')
    const pointer = lasting.kind === 'found' ? lasting.symbol.address : undefined
    expect(found.alternatives).toMatchObject([{ offset: 1, siteByteLength: 6, pointer }])
    expect(payloadReads(found)).toContainEqual({ start: pointer, byteLength: 8 })
  })

  it('refuses an entry of .alt_call_sites that names no call by a pointer', () => {
    for (const code of [
      '90  e8 {pc32 locked} 90  c3',
      '90  ff 15',
      '90  ff 25 {pc32 lasting} c3',
    ]) {
      expect(refusalsOf(orderOf(IMAGE, calling(code)))).toMatchObject([
        { kind: 'not-linkable', refusal: { kind: 'call-site-unsupported', entry: 0 } },
      ])
    }
  })

  it('finds nothing against a payload that can be spliced in', () => {
    expect(refusalsOf(orderOf(IMAGE, [NEW]))).toEqual([])
  })

  it('refuses a payload for another build, or on top of another payload', () => {
    const other = parseBuildId('ab'.repeat(20))
    expect(refusalsOf(withPayload(() => ({ xenBuildId: other })))).toMatchObject([
      { kind: 'other-base', wanted: other },
    ])
    const stacked = withPayload(({ dependsOn }) => ({ dependsOn: other ?? dependsOn }))
    expect(refusalsOf(stacked)).toMatchObject([{ kind: 'other-base', wanted: other }])
  })

  it('refuses hooks', () => {
    const hooks = ['.livepatch.hooks.load']
    expect(refusalsOf(withPayload(() => ({ hooks })))).toEqual([{ kind: 'hooks', hooks }])
  })

  it('refuses writable data', () => {
    const code = '8b 05 {pc32 .data.new}  c3'
    const data = { section: '.data.new', code: '00 00 00 00' }
    expect(refusalsOf(orderOf(IMAGE, [{ ...NEW, code }, data]))).toEqual([
      { kind: 'writable-data', section: '.data.new', byteLength: 4 },
    ])
  })

  it('refuses bug frames and exception table entries, with all else that it finds', () => {
    const order = orderOf(IMAGE, [
      { ...NEW, code: '0f 0b  c3' },
      { section: '.bug_frames.2', code: '{pc32 old+0x4} {pc32 .rodata.file+0x4}', alignment: 4 },
      { section: '.rodata.file', code: '61 2e 63 00' },
      { section: '.ex_table', code: '{pc32 old+0x4} {pc32 old+0x4}', alignment: 4 },
    ])
    expect(refusalsOf(order)).toEqual([
      { kind: 'bug-frames', count: 1 },
      { kind: 'exceptions', count: 1 },
    ])
  })

  it('refuses an expectation that the build does not meet, and NOPs in place of a function', () => {
    const expected = Uint8Array.of(1, 2, 3)
    const changed = withPayload(({ functions }) => ({
      functions: functions.map((each) => ({ ...each, expected })),
    }))
    expect(refusalsOf(changed)).toMatchObject([
      { kind: 'expectation-differs-from-base', function: 'old', wanted: expected },
    ])
    const nops = withPayload(({ functions }) => ({
      functions: functions.map((each) => ({ ...each, code: undefined })),
    }))
    expect(refusalsOf(nops)).toEqual([{ kind: 'nops-in-place', function: 'old' }])
  })

  it('refuses a function whose entry cannot be switched, be all of the padding free', () => {
    const sections = [{ section: '.text.stuck', replaces: 'stuck', code: '31 c0  c3' }]
    const refusals = refusalsOf(orderOf(IMAGE, sections))
    expect(refusals).toMatchObject([{ kind: 'entry-fixed', function: 'stuck' }])
    expect(refusals.map(describeSpliceRefusal)).toEqual([
      'Cannot switch stuck to its new code: +0x0 is too short for a jump; ' +
        'at +0x0 `cli` cannot be undone',
    ])
  })

  it('refuses functions that nothing leads to', () => {
    const sections = [{ section: '.text.alone', replaces: 'alone', code: '31 c0  c3' }]
    expect(refusalsOf(orderOf(IMAGE, sections))).toEqual([{ kind: 'nothing-to-switch' }])
  })

  it('refuses another lock protocol, until somebody answers for it', () => {
    const sections = [{ section: '.text.locked', replaces: 'locked', code: '31 c0  c3' }]
    expect(refusalsOf(orderOf(IMAGE, sections))).toEqual([
      { kind: 'lock-protocol-may-differ', old: ['_spin_lock'], new: [] },
    ])
    const answered = orderOf(IMAGE, sections, { sideBySide: 'the lock was never needed' })
    expect(refusalsOf(answered)).toEqual([])
  })

  it('takes constants from the image, but none that boot may have changed', () => {
    const code = '48 8d 05 {pc32 .rodata.a}  48 8d 0d {pc32 .rodata.b}  c3'
    const { shared, toPlace } = examined(
      orderOf(IMAGE, [
        { ...NEW, code },
        { section: '.rodata.a', code: '66 6f 6f 00' },
        { section: '.rodata.b', code: '62 61 72 00' },
      ]),
    )
    expect([...shared.values()]).toEqual([
      IMAGE.symbols.find((one) => one.name === 'lasting')?.address,
    ])
    expect(toPlace.map(({ name }) => name)).toEqual(['.text.old', '.rodata.b'])
  })

  it('says every reason in a sentence', () => {
    const at = IMAGE.text.start
    const found = copyBytes(IMAGE.text.bytes ?? new Uint8Array(0), 0, 4)
    const build = IMAGE.buildId
    const reasons: readonly SpliceRefusal[] = [
      { kind: 'other-base', wanted: build, found: build },
      { kind: 'hooks', hooks: ['.livepatch.hooks.load'] },
      { kind: 'writable-data', section: '.data', byteLength: 8 },
      { kind: 'bug-frames', count: 2 },
      { kind: 'exceptions', count: 1 },
      { kind: 'not-linkable', refusal: { kind: 'symbol-not-found', symbol: 'gone' } },
      { kind: 'no-such-function', function: 'old', at },
      { kind: 'nops-in-place', function: 'old' },
      { kind: 'expectation-differs-from-base', function: 'old', found, wanted: found },
      { kind: 'nothing-to-switch' },
      { kind: 'study-does-not-fit', about: 'other functions' },
      { kind: 'clobbers-more', function: 'old', caller: 'caller', registers: ['rcx', 'r8'] },
      { kind: 'lock-protocol-may-differ', old: ['_spin_lock'], new: [] },
      { kind: 'entry-not-as-linked', function: 'old', at, found, wanted: found },
      { kind: 'no-room', what: '.text.old', byteLength: 4000, foundBytes: 1885 },
      { kind: 'feature-unknown', feature: 623, evidence: { kind: 'none' } },
      {
        kind: 'feature-unknown',
        feature: 623,
        evidence: { kind: 'disagrees', present: at, absent: at },
      },
      { kind: 'pointer-leads-nowhere', pointer: at, found: at },
      { kind: 'out-of-reach', from: at, to: at },
      { kind: 'meets-bug-frame', section: '.text.old', at },
      { kind: 'looks-like-padding', section: '.rodata.zeros' },
      { kind: 'live-bytes-missing', range: { start: at, byteLength: 16 } },
      { kind: 'padding-not-recognised', found },
    ]
    const sentences = reasons.map(describeSpliceRefusal)
    expect(new Set(sentences).size).toBe(reasons.length)
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][^\n]*[^.]$/u)
  })
})
