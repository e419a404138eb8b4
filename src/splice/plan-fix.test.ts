import { describe, expect, it } from 'vitest'
import type { VirtualAddress } from '../address/address.ts'
import { withinAlignedUnit } from '../address/address-range.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import type { Change, Fix } from '../hotfix/fix.ts'
import { buildIdFromBytes } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { describePlanRefusal } from './describe-plan-refusal.ts'
import type { SplicePlan } from './plan.ts'
import { planFix } from './plan-fix.ts'
import { planReads } from './plan-reads.ts'
import type { PlanRefusal } from './plan-refusal.ts'
import {
  detourOf,
  editOf,
  fixOf,
  functionOf,
  imageOf,
  sampleAddress,
  SampleMemory,
} from './testing/sample-splice.ts'

// 0x00 range: cmp edi,0x8ff; ja +1; ret; ret           sites: +0 (edit)
// 0x10 many:  cmp esi,2; ja (6 bytes, at 0x13); ret    sites: +3 (near detour)
// 0x20 short: test esi,esi; je +1; ret; ret            sites: +0, +2 (by relays)
// 0x30 done:  ret
const IMAGE = imageOf([
  functionOf('range', '81 ff ff 08 00 00  77 01  c3  c3'),
  functionOf('many', '83 fe 02  0f 87 00 00 00 00  c3'),
  functionOf('short', '85 f6  74 01  c3  c3'),
  functionOf('done', 'c3'),
])
const TEXT_END = 0x31
const EDIT = editOf('range', '81 ff ff 08 00 00', '81 ff ff 0b 00 00')
const NEAR = detourOf(
  'many+0x3',
  '0f 87 00 00 00 00',
  '85 f6  0f 84 {pc32 done}  e9 {pc32 many+0x9}',
)
const SHORT = detourOf('short', '85 f6', '85 ff  e9 {pc32 short+0x2}')
const SHORT_TOO = detourOf('short+0x2', '74 01', '0f 85 {pc32 short+0x5}  e9 {pc32 short+0x4}')
const WHOLE = fixOf(EDIT, NEAR, SHORT, SHORT_TOO)

function planOf(
  fix: Fix,
  live: SampleMemory,
  preferred?: ReadonlyMap<number, VirtualAddress>,
): SplicePlan {
  const planned = planFix({ fix, image: IMAGE, live, ...(preferred && { preferred }) })
  if (planned.kind === 'refused')
    throw new Error(planned.refusals.map(describePlanRefusal).join('\n'))
  return planned.plan
}

function refusalsOf(image: Image, ...changes: readonly Change[]): readonly PlanRefusal[] {
  const planned = planFix({ fix: fixOf(...changes), image, live: new SampleMemory(image) })
  return planned.kind === 'refused' ? planned.refusals : []
}

function ranges(plan: SplicePlan): readonly (readonly [string, number, number])[] {
  return plan.writes.map(({ role, at, after }) => [
    role,
    Number(at - sampleAddress(0)),
    after.byteLength,
  ])
}

describe('planFix()', () => {
  it('stages code, then lays relays, then switches in the order of the fix', () => {
    const plan = planOf(WHOLE, new SampleMemory(IMAGE))
    expect(ranges(plan)).toEqual([
      ['stage', 0x40, 13],
      ['stage', 0x50, 7],
      ['stage', 0x60, 11],
      ['relay', 0x1b, 5],
      ['relay', 0x26, 5],
      ['switch', 0x03, 1],
      ['switch', 0x13, 5],
      ['switch', 0x20, 2],
      ['switch', 0x22, 2],
    ])
  })

  it('links the code to its targets, and the jumps to the code', () => {
    const plan = planOf(fixOf(NEAR, SHORT), new SampleMemory(IMAGE))
    expect(plan.writes.map((write) => write.after)).toEqual([
      // At 0x40: je to 0x30, and a jump back to 0x19.
      hexBytes('85 f6  0f 84 e8 ff ff ff  e9 cc ff ff ff'),
      hexBytes('85 ff  e9 cb ff ff ff'),
      hexBytes('e9 30 00 00 00'),
      hexBytes('e9 28 00 00 00'),
      hexBytes('eb f9'),
    ])
  })

  it('goes back to the linked image, and to the padding as it was', () => {
    const memory = new SampleMemory(IMAGE, 0x90)
    const plan = planOf(WHOLE, memory)
    for (const { at, before } of plan.writes) {
      const byteLength = before.byteLength
      expect(before).toEqual(memory.bytesAt({ start: at, byteLength }))
    }
  })

  it('leaves the sites to those who look at them: other bytes there change no plan', () => {
    const memory = new SampleMemory(IMAGE)
    const plan = planOf(WHOLE, memory)
    memory.put(sampleAddress(0x20), hexBytes('0f 0b'))
    expect(planOf(WHOLE, memory)).toEqual(plan)
  })

  it('gives the same plan after any number of its writes', () => {
    const plan = planOf(WHOLE, new SampleMemory(IMAGE))
    const placed = plan.writes.filter((write) => write.role === 'stage')
    const preferred = new Map(placed.map((write) => [write.change, write.at]))
    for (let count = 0; count <= plan.writes.length; count++) {
      const memory = new SampleMemory(IMAGE)
      memory.apply(plan.writes.slice(0, count))
      expect(planOf(WHOLE, memory, preferred)).toEqual(plan)
    }
  })

  it('gives the same plan when a write was cut short', () => {
    const plan = planOf(WHOLE, new SampleMemory(IMAGE))
    const placed = plan.writes.filter((write) => write.role === 'stage')
    const preferred = new Map(placed.map((write) => [write.change, write.at]))
    for (const [index, write] of plan.writes.entries()) {
      const memory = new SampleMemory(IMAGE)
      memory.apply(plan.writes.slice(0, index))
      memory.put(write.at, write.after.subarray(0, write.after.byteLength >> 1))
      expect(planOf(WHOLE, memory, preferred)).toEqual(plan)
    }
  })

  it('finds the plan of an applied fix in memory alone', () => {
    const memory = new SampleMemory(IMAGE)
    // Another fix was there first, so the code lies further up, and is gone now.
    memory.put(sampleAddress(0x40), hexBytes('c3'))
    memory.put(sampleAddress(0x1b), hexBytes('eb'))
    const plan = planOf(WHOLE, memory)
    memory.apply(plan.writes)
    memory.put(sampleAddress(0x40), hexBytes('00'))
    memory.put(sampleAddress(0x1b), hexBytes('90'))
    expect(planOf(WHOLE, memory)).toEqual(plan)
    expect(planOf(WHOLE, new SampleMemory(IMAGE))).not.toEqual(plan)
  })

  it('puts nothing over bytes that are in use in the running image', () => {
    const memory = new SampleMemory(IMAGE)
    memory.put(sampleAddress(0x4c), hexBytes('c3'))
    memory.put(sampleAddress(0x1f), hexBytes('cc'))
    const plan = planOf(fixOf(NEAR, SHORT), memory)
    expect(ranges(plan).slice(0, 3)).toEqual([
      ['stage', 0x50, 13],
      // Not at 0x40: one byte of those 16 is in use.
      ['stage', 0x60, 7],
      ['relay', 0x1a, 5],
    ])
  })

  it('does not follow a jump to other code', () => {
    const memory = new SampleMemory(IMAGE)
    const plan = planOf(fixOf(NEAR), memory)
    memory.apply(plan.writes)
    memory.put(sampleAddress(0x41), hexBytes('ff'))
    expect(ranges(planOf(fixOf(NEAR), memory))[0]).toEqual(['stage', 0x50, 13])
  })

  it('passes over a preferred place that is no place for code', () => {
    const memory = new SampleMemory(IMAGE)
    const plan = planOf(fixOf(NEAR), memory)
    for (const offset of [0, TEXT_END, 0x48, 0xff0, 0x1000, -0x1000]) {
      const preferred = new Map([[0, sampleAddress(offset)]])
      expect(planOf(fixOf(NEAR), memory, preferred)).toEqual(plan)
    }
  })

  it('gives one place to one change, also where two were meant to have it', () => {
    const at = sampleAddress(0x80)
    const preferred = new Map([
      [0, at],
      [1, at],
    ])
    const plan = planOf(fixOf(NEAR, SHORT), new SampleMemory(IMAGE), preferred)
    expect(ranges(plan).slice(0, 2)).toEqual([
      ['stage', 0x80, 13],
      ['stage', 0x40, 7],
    ])
  })

  it("lays no relay over the end of another fix's, which may look free there", () => {
    // Unreached NOPs: the last byte of a near jump over them, 0, is what was linked at its place.
    const code = '85 f6  85 ff  eb 0a  0f 1f 84 00 00 00 00 00  66 90  c3'
    const image = imageOf([functionOf('one', code), { ...functionOf('done', 'c3'), alignment: 1 }])
    const live = new SampleMemory(image)
    const first = planFix({
      fix: fixOf(detourOf('one', '85 f6', 'e9 {pc32 one+0x2}')),
      image,
      live,
    })
    if (first.kind !== 'planned') throw new Error('The first fix has no plan')
    expect(ranges(first.plan)).toContainEqual(['relay', 6, 5])
    live.apply(first.plan.writes)
    const second = fixOf(detourOf('one+0x2', '85 ff', 'e9 {pc32 one+0x4}'))
    expect(planFix({ fix: second, image, live })).toMatchObject({
      refusals: [{ kind: 'not-splice-safe', reason: { kind: 'no-relay-in-reach' } }],
    })
  })

  it('lays no relay into bytes that another change expects', () => {
    const image = imageOf([
      functionOf('one', '85 f6  74 09  eb 07  0f 1f 44 00 00  66 90  c3'),
      functionOf('done', 'c3'),
    ])
    const detour = detourOf('one', '85 f6', 'e9 {pc32 one+0x2}')
    const edit = editOf('one+0x6', '0f 1f 44 00 00', '0f 1f 44 00 01')
    // Without padding between the functions, the unreached NOPs are all there is.
    const live = new SampleMemory(image)
    live.put(sampleAddress(0x0e), hexBytes('cc cc'))
    expect(planFix({ fix: fixOf(detour), image, live })).toMatchObject({
      kind: 'planned',
      plan: { writes: [{ role: 'stage' }, { role: 'relay', at: sampleAddress(6) }, {}] },
    })
    expect(planFix({ fix: fixOf(detour, edit), image, live })).toMatchObject({
      refusals: [{ kind: 'not-splice-safe', reason: { kind: 'no-relay-in-reach' } }],
    })
  })

  it('tells in a sentence why each write is safe, and where it goes', () => {
    for (const write of planOf(WHOLE, new SampleMemory(IMAGE)).writes) {
      expect(write.why).toMatch(/^[A-Z][^\n]*\.$/)
      expect(write.place).not.toBe('')
    }
  })
})

describe('planFix() refuses', () => {
  it('a fix for another build, and says nothing else about it', () => {
    const other = buildIdFromBytes(new Uint8Array(20).fill(1))
    if (other === undefined) throw new Error('This is a build-id')
    const fix = { ...fixOf(editOf('nobody', '90', '91')), base: { buildId: other, version: '2' } }
    const planned = planFix({ fix, image: IMAGE, live: new SampleMemory(IMAGE) })
    const refusal = { kind: 'other-base', wanted: other, found: IMAGE.buildId }
    expect(planned).toEqual({ kind: 'refused', refusals: [refusal] })
  })

  it('a symbol that is not there, and one that is there twice', () => {
    const image = imageOf([
      { ...functionOf('twin', 'c3'), file: 'a.c' },
      { ...functionOf('twin', 'c3'), file: 'b.c' },
    ])
    expect(refusalsOf(image, editOf('nobody', 'c3', 'cb'))).toMatchObject([
      { kind: 'symbol-not-found', change: 0 },
    ])
    const [ambiguous] = refusalsOf(image, editOf('twin', 'c3', 'cb'))
    expect(ambiguous && describePlanRefusal(ambiguous)).toBe(
      'Change 1: twin names 2 symbols: a.c#twin at 0xffff82d040200000, b.c#twin at 0xffff82d040200010',
    )
    expect(refusalsOf(image, editOf('b.c#twin', 'c3', 'cb'))).toEqual([])
  })

  it('a place behind its symbol, and one outside .text', () => {
    expect(refusalsOf(IMAGE, editOf('done+0x1', '90', '91'))).toMatchObject([
      { kind: 'offset-outside-symbol', byteLength: 1 },
    ])
    expect(refusalsOf(IMAGE, editOf('_end', '90', '91'))).toMatchObject([{ kind: 'outside-text' }])
  })

  it('bytes that the base build does not have', () => {
    const wrong = editOf('range', '81 ff ff 09 00 00', '81 ff ff 0b 00 00')
    const [refusal] = refusalsOf(IMAGE, wrong)
    expect(refusal && describePlanRefusal(refusal)).toBe(
      'Change 1: the base build has 81 ff ff 08 00 00 at range, ' +
        'the fix expects 81 ff ff 09 00 00',
    )
  })

  it('a site that cuts an instruction', () => {
    const cut = editOf('range+0x3', '08 00 00', '0b 00 00')
    expect(refusalsOf(IMAGE, cut)).toMatchObject([
      { kind: 'not-splice-safe', reason: { kind: 'cuts-instruction', offset: 0 } },
    ])
  })

  it('two changes of the same bytes', () => {
    const refusals = refusalsOf(IMAGE, SHORT, detourOf('short', '85 f6', 'e9 {pc32 short+0x2}'))
    expect(refusals).toEqual([{ kind: 'changes-overlap', change: 1, other: 0 }])
  })

  it('code that branches into an instruction, to its own site, or to no symbol', () => {
    const into = detourOf('short', '85 f6', 'e9 {pc32 many+0x1}')
    const own = detourOf('short', '85 f6', 'e9 {pc32 short}')
    const nowhere = detourOf('short', '85 f6', 'e9 {pc32 nobody}')
    expect(refusalsOf(IMAGE, into)).toMatchObject([
      { kind: 'unfit-code', offset: 1, reason: { kind: 'target-is-no-instruction' } },
    ])
    expect(refusalsOf(IMAGE, own)).toMatchObject([
      { kind: 'unfit-code', reason: { kind: 'branch-to-own-site' } },
    ])
    expect(refusalsOf(IMAGE, nowhere)).toMatchObject([{ kind: 'symbol-not-found' }])
  })

  it('code for which the padding has no room', () => {
    const code = `${'90 '.repeat(1000)} e9 {pc32 done}`
    const four = [NEAR, SHORT, SHORT_TOO].map((change) =>
      detourOf(
        `${change.at.symbol}+0x${change.at.offset.toString(16)}`,
        Array.from(change.expect, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
        code,
      ),
    )
    expect(refusalsOf(IMAGE, ...four)).toEqual([])
    const image = imageOf([
      functionOf('many', '83 fe 02  0f 87 00 00 00 00  c3'),
      functionOf('long', `${'31 c0 '.repeat(1600)} c3`),
      functionOf('done', 'c3'),
    ])
    const big = detourOf('many+0x3', '0f 87 00 00 00 00', code)
    expect(refusalsOf(image, big)).toEqual([
      { kind: 'no-room-in-padding', change: 0, byteLength: 1005 },
    ])
  })

  it('a relay whose every place is taken', () => {
    const memory = new SampleMemory(IMAGE)
    for (const at of [0x0a, 0x1a, 0x26])
      memory.put(sampleAddress(at), hexBytes('cc cc cc cc cc cc'))
    const planned = planFix({ fix: fixOf(SHORT), image: IMAGE, live: memory })
    expect(planned).toMatchObject({
      kind: 'refused',
      refusals: [{ kind: 'not-splice-safe', reason: { kind: 'no-relay-in-reach' } }],
    })
  })

  it('live bytes that leave the padding out', () => {
    const live = { bytesAt: () => undefined }
    const planned = planFix({ fix: fixOf(NEAR), image: IMAGE, live })
    expect(planned).toMatchObject({ refusals: [{ kind: 'live-bytes-missing' }] })
  })

  it('all of it at once', () => {
    const refusals = refusalsOf(
      IMAGE,
      editOf('nobody', '90', '91'),
      editOf('range+0x3', '08 00 00', '0b 00 00'),
      detourOf('done', 'c3', 'ff e0'),
      detourOf('short', '85 ff', 'cc  c3'),
    )
    expect(refusals.map((refusal) => ('change' in refusal ? refusal.change : -1))).toEqual([
      0, 3, 1, 2, 2, 3,
    ])
    for (const refusal of refusals)
      expect(describePlanRefusal(refusal)).toMatch(/^Change \d.*[^.]$/)
  })
})

describe('planReads()', () => {
  it('names the sites, what relays can lie in, and the padding; in order and once', () => {
    const edit = planReads(fixOf(EDIT), IMAGE)
    const near = planReads(fixOf(EDIT, NEAR), IMAGE)
    expect(edit).toEqual({ kind: 'reads', ranges: [{ start: sampleAddress(0), byteLength: 8 }] })
    expect(near).toEqual({
      kind: 'reads',
      ranges: [
        { start: sampleAddress(0), byteLength: 8 },
        { start: sampleAddress(0x10), byteLength: 16 },
        { start: sampleAddress(TEXT_END), byteLength: 0x1000 - TEXT_END },
      ],
    })
  })

  it('keeps the neighbourhood of a relay inside the image', () => {
    const reads = planReads(fixOf(SHORT), IMAGE)
    expect(reads).toEqual({
      kind: 'reads',
      ranges: [{ start: sampleAddress(0), byteLength: 0x1000 }],
    })
  })

  it('refuses what planFix() would refuse', () => {
    expect(planReads(fixOf(editOf('nobody', '90', '91')), IMAGE)).toMatchObject({
      kind: 'refused',
      refusals: [{ kind: 'symbol-not-found' }],
    })
  })

  it('makes every switch lie within one aligned unit', () => {
    const plan = planOf(WHOLE, new SampleMemory(IMAGE))
    const switches = plan.writes.filter((write) => write.role === 'switch')
    expect(switches).toHaveLength(4)
    for (const { at, after } of switches) {
      expect(withinAlignedUnit({ start: at, byteLength: after.byteLength }, 8)).toBe(true)
    }
  })
})
