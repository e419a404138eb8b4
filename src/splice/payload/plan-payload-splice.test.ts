import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance, alignUp } from '../../address/address.ts'
import { contains, overlaps } from '../../address/address-range.ts'
import type { Image } from '../../image/image.ts'
import { linkedBytes, LiveSnapshot } from '../live-snapshot.ts'
import { planFault, rangeOf } from '../plan-shape.ts'
import type { SplicePlan } from '../plan.ts'
import { SampleMemory } from '../testing/sample-splice.ts'
import type { PayloadOrder } from './examine-payload.ts'
import { payloadReads } from './payload-reads.ts'
import { type PlannedPayloadSplice, planPayloadSplice } from './plan-payload-splice.ts'
import {
  fillerFor,
  hypervisorOf,
  partAt,
  type SampleHypervisor,
} from './testing/sample-hypervisor.ts'
import { examined, orderOf, type SampleSection } from './testing/sample-order.ts'

const NEAR = 'b8 01 00 00 00'

const SAMPLE: SampleHypervisor = {
  text: [
    { name: 'entry', code: `e8 {pc32 old}  e8 {pc32 short}  c3` },
    { name: 'old', code: `${NEAR}  e8 {pc32 inner}  c3` },
    { name: 'inner', code: `${NEAR}  c3` },
    { name: 'short', code: '31 c0  ff c0  c3' },
    { name: 'helper', code: '31 c0  c3' },
    { name: 'vmx_exit', code: `f3 0f 1e fa  ${'31 c9 '.repeat(60)} c3` },
    { name: 'vmx_small', code: `${'90 '.repeat(40)} c3` },
  ],
  rodata: [
    { name: '__ro_after_init_end', kind: 'label', code: '' },
    { name: 'text', code: '66 6f 6f 62 61 72 00' },
  ],
  initText: [
    { name: 'hvm_enable', code: 'e8 {pc32 start_vmx}  c3' },
    { name: 'start_vmx', code: '48 8d 05 {pc32 vmx_table}  c3' },
  ],
  initData: [
    { name: 'initcall', code: '{abs64 hvm_enable} {abs64 entry}' },
    { name: 'vmx_table', code: '{abs64 vmx_exit} {abs64 vmx_small}' },
  ],
}

const NEW_OLD: SampleSection = {
  section: '.text.old',
  replaces: 'old',
  code: `e8 {pc32 inner}  48 8d 05 {pc32 .rodata.s}  e9 {pc32 helper}`,
}
const NEW_INNER: SampleSection = { section: '.text.inner', replaces: 'inner', code: '31 c0  c3' }
const NEW_SHORT: SampleSection = {
  section: '.text.short',
  replaces: 'short',
  code: 'e9 {pc32 helper}',
}
const STRING: SampleSection = { section: '.rodata.s', code: '66 6f 6f 62 61 72 00' }
const SECTIONS = [NEW_OLD, NEW_INNER, NEW_SHORT, STRING]

const IMAGE = hypervisorOf(SAMPLE)

function planOn(order: PayloadOrder, memory: SampleMemory, previous?: SplicePlan) {
  const fit = examined(order)
  const live = new LiveSnapshot(
    payloadReads(fit).map((range) => ({
      range,
      bytes: memory.bytesAt(range) ?? linkedBytes(order.image).bytesAt(range) ?? new Uint8Array(0),
    })),
  )
  return planPayloadSplice({ examined: fit, live, previous })
}

function planned(result: PlannedPayloadSplice): SplicePlan {
  if (result.kind === 'planned') return result.plan
  throw new Error(`Refused: ${result.refusals.map(({ kind }) => kind).join(', ')}`)
}

function kinds(result: PlannedPayloadSplice): readonly string[] {
  return result.kind === 'planned' ? [] : result.refusals.map(({ kind }) => kind)
}

function shape({ writes }: SplicePlan): readonly string[] {
  return writes.map(({ role, place }) => `${role} ${place}`)
}

describe('planPayloadSplice()', () => {
  it('stages code, relays and switches what is reached from elsewhere', () => {
    const plan = planned(planOn(orderOf(IMAGE, SECTIONS), new SampleMemory(IMAGE)))
    expect(shape(plan)).toEqual([
      'stage padding behind .text+0x7',
      'stage padding behind .text+0x37',
      'stage padding behind .text+0x27',
      'relay padding behind inner',
      'switch old',
      'switch short',
    ])
    expect(planFault(plan, IMAGE.textWithPadding)).toBeUndefined()
  })

  it('calls the new copy of a function that only replaced ones call, and does not switch it', () => {
    const plan = planned(planOn(orderOf(IMAGE, SECTIONS), new SampleMemory(IMAGE)))
    const [code] = plan.writes
    const [, inner] = plan.writes
    if (code === undefined || inner === undefined) throw new Error('Nothing is staged')
    const callee = new DataView(code.after.buffer, code.after.byteOffset).getInt32(1, true)
    expect(advance(code.at, 5 + callee)).toBe(inner.at)
  })

  it('uses a constant that the image has', () => {
    const plan = planned(planOn(orderOf(IMAGE, SECTIONS), new SampleMemory(IMAGE)))
    const [code] = plan.writes
    if (code === undefined) throw new Error('Nothing is staged')
    const text = new DataView(code.after.buffer, code.after.byteOffset).getInt32(8, true)
    expect(advance(code.at, 12 + text)).toBe(partAt(IMAGE, 'text'))
  })

  it('places a constant that the image does not have', () => {
    const order = orderOf(IMAGE, [NEW_OLD, { ...STRING, code: '62 61 7a 00' }])
    const plan = planned(planOn(order, new SampleMemory(IMAGE)))
    expect(plan.writes.filter(({ role }) => role === 'stage')).toHaveLength(2)
  })

  it('overwrites code that cannot run, behind endbr64, only when it may', () => {
    const filled = hypervisorOf({ ...SAMPLE, text: [...SAMPLE.text, fillerFor(SAMPLE)] })
    const sections = [{ ...NEW_SHORT, code: `${'90 '.repeat(48)} c3` }]
    const refused = planOn(orderOf(filled, sections), new SampleMemory(filled))
    expect(kinds(refused)).toEqual(['no-room'])
    const order = orderOf(filled, sections, { reuse: 'intel' })
    const plan = planned(planOn(order, new SampleMemory(filled)))
    expect(shape(plan)[0]).toBe('stage over vmx_exit+0x10 (cannot run on AMD)')
  })

  it('leaves code alone that new code leads to', () => {
    const filled = hypervisorOf({ ...SAMPLE, text: [...SAMPLE.text, fillerFor(SAMPLE)] })
    const sections = [{ ...NEW_SHORT, code: `${'90 '.repeat(48)} e9 {pc32 vmx_exit}` }]
    const order = orderOf(filled, sections, { reuse: 'intel' })
    expect(kinds(planOn(order, new SampleMemory(filled)))).toEqual(['no-room'])
  })

  it('refuses a function that something else patched', () => {
    const memory = new SampleMemory(IMAGE)
    memory.put(partAt(IMAGE, 'inner'), Uint8Array.of(0xe9))
    expect(planOn(orderOf(IMAGE, SECTIONS), memory)).toMatchObject({
      refusals: [{ kind: 'entry-not-as-linked', function: 'inner' }],
    })
  })

  it('makes the same plan again while any of it is in memory', () => {
    const order = orderOf(IMAGE, SECTIONS)
    const memory = new SampleMemory(IMAGE)
    const plan = planned(planOn(order, memory))
    const untouched = memory.snapshot()
    for (const write of plan.writes) {
      memory.apply([write])
      expect(planOn(order, memory, plan)).toEqual({ kind: 'planned', plan })
    }
    for (const write of plan.writes.toReversed()) {
      memory.revert([write])
      expect(planOn(order, memory, plan)).toEqual({ kind: 'planned', plan })
    }
    expect(memory.snapshot()).toEqual(untouched)
  })

  it('finds a payload that is wholly in memory by its own jumps', () => {
    for (const reuse of ['intel', undefined] as const) {
      const order = orderOf(IMAGE, SECTIONS, { reuse })
      const memory = new SampleMemory(IMAGE)
      const elsewhere = advance(IMAGE.text.start, IMAGE.text.byteLength + 0x7)
      memory.put(elsewhere, new Uint8Array(40).fill(0x42))
      const plan = planned(planOn(order, memory))
      memory.apply(plan.writes)
      memory.put(elsewhere, new Uint8Array(40).fill(0))
      expect(planOn(order, memory)).toEqual({ kind: 'planned', plan })
    }
  })

  it('undoes what an entry pushed in a stub, and finds that again too', () => {
    const image = hypervisorOf({
      text: [
        { name: 'entry', code: 'e8 {pc32 pushes}  c3' },
        { name: 'pushes', code: '53  b8 01 00 00 00  5b  c3' },
      ],
    })
    const sections = [{ section: '.text.pushes', replaces: 'pushes', code: '31 c0  c3' }]
    const order = orderOf(image, sections)
    const memory = new SampleMemory(image)
    const plan = planned(planOn(order, memory))
    expect(shape(plan)).toEqual([
      'stage padding behind .text+0x8',
      'stage padding behind .text+0x18',
      'switch pushes+0x1',
    ])
    expect(plan.writes[1]?.after[0]).toBe(0x5b)
    memory.apply(plan.writes)
    expect(planOn(order, memory)).toEqual({ kind: 'planned', plan })
    expect(planOn(order, memory, plan)).toEqual({ kind: 'planned', plan })
  })

  it('stages in runs that every engine carries', () => {
    const long = { ...NEW_SHORT, code: `${'31 c0 '.repeat(1100)} c3` }
    const plan = planned(planOn(orderOf(IMAGE, [long]), new SampleMemory(IMAGE)))
    const staged = plan.writes.filter(({ role }) => role === 'stage')
    expect(staged.map(({ after }) => after.length)).toEqual([1024, 1024, 153])
    expect(staged[1]?.at).toBe(advance(staged[0]?.at ?? IMAGE.start, 1024))
  })

  it('refuses what could not be told from free room', () => {
    const zeros = { section: '.rodata.s', code: `01 ${'00 '.repeat(40)}` }
    const result = planOn(orderOf(IMAGE, [NEW_OLD, zeros]), new SampleMemory(IMAGE))
    expect(result).toMatchObject({
      refusals: [{ kind: 'looks-like-padding', section: '.rodata.s' }],
    })
  })

  it('refuses a stub whose end could not be told from free room', () => {
    const pushes = '41 57 41 56 41 55 41 54 55 53  48 89 fb  bf 01 00 00 00  b8 01 00 00 00'
    const image = hypervisorOf({
      text: [
        { name: 'pushes', code: `${pushes}  5b 5d 41 5c 41 5d 41 5e 41 5f c3` },
        { name: 'entry', code: 'e8 {pc32 pushes}  c3', alignment: 1 },
      ],
    })
    const code = `${'31 c0 '.repeat(20)} c3`
    const order = orderOf(image, [{ section: '.text.pushes', replaces: 'pushes', code }])
    const memory = new SampleMemory(image)
    const plan = planned(planOn(order, memory))
    const stub = plan.writes.find(({ role, after }) => role === 'stage' && after.byteLength === 18)
    if (stub === undefined) throw new Error('There is no stub of 18 bytes')
    // Two units in front of what is taken: the stub's jump to the code behind ends with zeros.
    const first = alignUp(advance(image.text.start, image.text.byteLength), 16)
    memory.put(advance(first, 32), new Uint8Array(16).fill(0x42))
    expect(planOn(order, memory)).toMatchObject({
      refusals: [{ kind: 'looks-like-padding', section: 'the stub of pushes' }],
    })
  })

  it('makes another plan where something else took the room', () => {
    const order = orderOf(IMAGE, SECTIONS)
    const memory = new SampleMemory(IMAGE)
    const plan = planned(planOn(order, memory))
    const [first] = plan.writes
    if (first === undefined) throw new Error('Nothing is staged')
    memory.put(first.at, new Uint8Array(first.after.length).fill(0x42))
    const other = planned(planOn(order, memory, plan))
    expect(other.writes.some((write) => overlaps(rangeOf(write), rangeOf(first)))).toBe(false)
  })

  it('never writes outside of what is allowed, and can always be taken back', () => {
    const calls = fc.constantFrom('e8 {pc32 helper}', 'e8 {pc32 inner}', '31 c0', '90', '0f 0b')
    const body = fc.array(calls, { maxLength: 40 }).map((parts) => [...parts, 'c3'].join('  '))
    const reuse = fc.constantFrom('intel' as const, undefined)
    fc.assert(
      fc.property(body, body, body, reuse, (old, inner, short, allowed) => {
        const order = orderOf(
          IMAGE,
          [
            { ...NEW_OLD, code: old },
            { ...NEW_INNER, code: inner },
            { ...NEW_SHORT, code: short },
          ],
          { reuse: allowed },
        )
        const memory = new SampleMemory(IMAGE)
        const before = memory.snapshot()
        const plan = planned(planOn(order, memory))
        expect(planFault(plan, IMAGE.textWithPadding)).toBeUndefined()
        for (const write of plan.writes) {
          expect(memory.bytesAt(rangeOf(write))).toEqual(write.before)
        }
        const staged = plan.writes.filter(({ role }) => role === 'stage')
        expect(staged.filter((write) => !isRoom(IMAGE, write, allowed))).toEqual([])
        memory.apply(plan.writes)
        expect(planOn(order, memory, plan)).toEqual({ kind: 'planned', plan })
        memory.revert(plan.writes)
        expect(memory.snapshot()).toEqual(before)
      }),
      { seed: 506, numRuns: 30 },
    )
  })
})

function isRoom(image: Image, write: SplicePlan['writes'][number], allowed: 'intel' | undefined) {
  if (write.at >= image.text.start + BigInt(image.text.byteLength)) return true
  const owner = image.functionAt(write.at)
  if (allowed === undefined || owner === undefined) return false
  const range = { start: owner.address, byteLength: owner.byteLength }
  return owner.name.startsWith('vmx_') && contains(range, rangeOf(write))
}
