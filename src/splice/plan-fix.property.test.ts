import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, overlaps, withinAlignedUnit } from '../address/address-range.ts'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import type { Change, Fix } from '../hotfix/fix.ts'
import type { Image } from '../image/image.ts'
import { sweepFunction } from '../x86/boundaries.ts'
import type { PlannedWrite, SplicePlan } from './plan.ts'
import { planFix } from './plan-fix.ts'
import { fixOf, imageOf, SampleMemory } from './testing/sample-splice.ts'

// Instructions of every length that matters to a site, as a compiler writes them, and one-byte
// changes of some. Branches are added by length, to nowhere in particular.
const INSTRUCTIONS = [
  '90',
  '55',
  '31 c0',
  '74 00',
  'eb 00',
  '83 fe 02',
  '48 89 e5',
  '0f 1f 40 00',
  'f3 0f 1e fa',
  'b8 01 00 00 00',
  '0f 1f 44 00 00',
  '0f 87 00 00 00 00',
  '81 ff ff 08 00 00',
  '48 c7 c0 f9 ff ff ff',
  'c3',
].map(hexBytes)

interface Case {
  readonly image: Image
  readonly fix: Fix
}

const body = fc
  .array(fc.constantFrom(...INSTRUCTIONS), { minLength: 1, maxLength: 12 })
  .map((instructions) => Uint8Array.from([...instructions.flatMap((one) => [...one]), 0xc3]))

/** Where a change is tried, and with what: mostly whole instructions, sometimes not. */
const attempt = fc.record({
  function: fc.nat(),
  first: fc.nat(),
  count: fc.integer({ min: 1, max: 2 }),
  slip: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1),
  kind: fc.constantFrom('edit' as const, 'detour' as const),
  flip: fc.constantFrom(0x01, 0x02, 0x10, 0xff),
  codeBytes: fc.integer({ min: 0, max: 40 }),
})

const cases: fc.Arbitrary<Case> = fc
  .record({
    bodies: fc.array(body, { minLength: 1, maxLength: 4 }),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 2 }),
    alignment: fc.constantFrom(1, 4, 16),
  })
  .map(({ bodies, attempts, alignment }) => {
    const functions = bodies.map((code, index) => ({ name: `f${index}`, code, alignment }))
    const end = { name: 'end', code: hexBytes('c3'), alignment }
    const image = imageOf([...functions, end])
    const changes = attempts.map((each) => changeOf(each, bodies))
    return { image, fix: fixOf(...changes) }
  })

type Attempt = typeof attempt extends fc.Arbitrary<infer Value> ? Value : never

function changeOf(tried: Attempt, bodies: readonly Uint8Array[]): Change {
  const index = tried.function % bodies.length
  const code = bodies[index] ?? hexBytes('c3')
  const sweep = sweepFunction(code, BASE)
  const starts = sweep.kind === 'clean' ? [...sweep.boundaries] : [0]
  const first = tried.first % starts.length
  const offset = Math.max((starts[first] ?? 0) + tried.slip, 0)
  const end = starts[first + (tried.kind === 'edit' ? tried.count : 1)] ?? code.byteLength
  const expected = code.slice(offset, Math.max(end, offset + 1))
  const common = { at: { symbol: `f${index}`, offset }, why: 'a property', expect: expected }
  if (tried.kind === 'detour') {
    const bytes = Uint8Array.from([...new Uint8Array(tried.codeBytes).fill(0x90), 0xe9, 0, 0, 0, 0])
    const at = tried.codeBytes + 1
    const target = { symbol: 'end', offset: 0 }
    return {
      kind: 'detour',
      ...common,
      code: { bytes, relocations: [{ at, kind: 'pc32', target }] },
    }
  }
  const isLast = (at: number): boolean => at === expected.byteLength - 1
  const put = expected.map((byte, at) => (isLast(at) ? byte ^ tried.flip : byte))
  return { kind: 'edit', ...common, put }
}

const BASE = 0x1000n as VirtualAddress
const OPTIONS = { seed: 506, numRuns: 1500 }

/** How many writes `check` was asked about: every plan's, of one kind of change or of both. */
function writesChecked(
  kinds: readonly Change['kind'][],
  check: (write: PlannedWrite, tried: Case, plan: SplicePlan) => void,
): number {
  let checked = 0
  forEachPlan((tried, plan) => {
    for (const write of plan.writes) {
      const change = tried.fix.changes[write.change]
      if (change === undefined || !kinds.includes(change.kind)) continue
      checked++
      check(write, tried, plan)
    }
  })
  return checked
}

function forEachPlan(check: (tried: Case, plan: SplicePlan, memory: SampleMemory) => void): number {
  let planned = 0
  fc.assert(
    fc.property(cases, (tried) => {
      const memory = new SampleMemory(tried.image)
      const result = planFix({ ...tried, live: memory })
      if (result.kind === 'refused') return
      planned++
      check(tried, result.plan, memory)
    }),
    OPTIONS,
  )
  return planned
}

function rangeOf({ at, after }: PlannedWrite): AddressRange<VirtualAddress> {
  return { start: at, byteLength: after.byteLength }
}

/** The instruction boundaries of the function that holds the write, before or after it. */
function boundariesAt(image: Image, write: PlannedWrite, bytes: Uint8Array): readonly number[] {
  const owner = image.functionAt(write.at)
  const code = owner && image.bytesAt({ start: owner.address, byteLength: owner.byteLength })
  if (owner === undefined || code === undefined) throw new Error('A switch lies in no function')
  const changed = Uint8Array.from(code)
  changed.set(bytes, distance(owner.address, write.at))
  const sweep = sweepFunction(changed, owner.address)
  const offset = distance(owner.address, write.at)
  return sweep.kind === 'clean' ? [...sweep.boundaries].map((one) => one - offset) : []
}

describe('a plan, for any function and site,', () => {
  it('switches by stores that each lie in one aligned unit of 8 bytes', () => {
    const checked = writesChecked(['edit', 'detour'], (write) => {
      expect(write.role !== 'switch' || withinAlignedUnit(rangeOf(write), 8)).toBe(true)
    })
    expect(checked).toBeGreaterThan(500)
  })

  it('leaves no instruction boundary inside what a detour replaces', () => {
    const checked = writesChecked(['detour'], (write, { image }) => {
      if (write.role !== 'switch') return
      const inside = boundariesAt(image, write, write.before).filter(
        (offset) => offset > 0 && offset < write.after.byteLength,
      )
      expect(inside).toEqual([])
    })
    expect(checked).toBeGreaterThan(300)
  })

  it('keeps every instruction boundary where an edit is made', () => {
    const checked = writesChecked(['edit'], (write, { image }) => {
      const before = boundariesAt(image, write, write.before)
      expect(before).not.toEqual([])
      expect(boundariesAt(image, write, write.after)).toEqual(before)
    })
    expect(checked).toBeGreaterThan(100)
  })

  it('never writes a byte twice', () => {
    const checked = writesChecked(['edit', 'detour'], (write, _, plan) => {
      const others = plan.writes.filter((other) => other !== write)
      expect(others.some((other) => overlaps(rangeOf(other), rangeOf(write)))).toBe(false)
    })
    expect(checked).toBeGreaterThan(500)
  })

  it('is found again in memory once it is applied, and undone leaves no trace', () => {
    const planned = forEachPlan((tried, plan, memory) => {
      const original = memory.snapshot()
      memory.apply(plan.writes)
      expect(planFix({ ...tried, live: memory })).toEqual({ kind: 'planned', plan })
      memory.revert(plan.writes)
      expect(memory.snapshot()).toEqual(original)
    })
    expect(planned).toBeGreaterThan(200)
  })
})

describe('planFix() on any live bytes', () => {
  it('gives a plan or refusals, and writes only over free bytes besides the sites', () => {
    const noise = fc.array(fc.record({ at: fc.nat({ max: 4095 }), byte: fc.nat({ max: 255 }) }), {
      maxLength: 40,
    })
    let planned = 0
    fc.assert(
      fc.property(cases, noise, (tried, bytes) => {
        const memory = new SampleMemory(tried.image)
        for (const { at, byte } of bytes) {
          if (at >= tried.image.textWithPadding.byteLength) continue
          const start = (tried.image.textWithPadding.start + BigInt(at)) as VirtualAddress
          memory.put(start, Uint8Array.of(byte))
        }
        const result = planFix({ ...tried, live: memory })
        const writes = result.kind === 'planned' ? result.plan.writes : []
        planned += writes.length
        for (const write of writes.filter((each) => each.role !== 'switch')) {
          const live = memory.bytesAt(rangeOf(write)) ?? new Uint8Array()
          const isOurs = Array.from(
            live,
            (byte, index) => byte === write.before[index] || byte === write.after[index],
          )
          expect(isOurs).not.toContain(false)
        }
      }),
      OPTIONS,
    )
    expect(planned).toBeGreaterThan(200)
  })
})
