import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import type { JournalRecord } from '../splice/journal.ts'
import { simPlan, simWrite } from '../splice/testing/arbitrary-plan.ts'
import type { LivepatchOutcome } from './livepatch-outcome.ts'
import {
  buildId,
  FUNCTIONS,
  image,
  LivepatchWorld,
  nameOf,
  order,
  payloadId,
  XEN,
} from './testing/livepatch-world.ts'

const first = order({ hotfix: 'xsa-1', number: 1 })
const second = order({ hotfix: 'xsa-2', number: 2, dependsOn: payloadId(1), functions: ['two'] })
const FIRST = nameOf(first)
const SECOND = nameOf(second)

function refusalOf(outcome: LivepatchOutcome): object {
  return outcome.kind === 'refused' ? outcome.refusal : outcome
}

describe('apply()', () => {
  it('loads and applies a payload, and records both ends of it', async () => {
    const world = new LivepatchWorld()
    expect(await world.channel().apply(first)).toEqual({
      kind: 'done',
      name: FIRST,
      attempts: 1,
      leftLoaded: [],
    })
    expect(world.listed()).toEqual([`${FIRST} applied`])
    expect(world.entries.map(({ record }) => record)).toMatchObject([
      {
        kind: 'livepatch-apply',
        name: FIRST,
        buildId: payloadId(1),
        functions: [{ name: 'one', address: image.start, byteLength: 16 }],
      },
      { kind: 'livepatch-end', result: { kind: 'completed' } },
    ])
  })

  it('does nothing where the payload is applied already, and records nothing', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    const { length } = world.entries
    expect(await world.channel().apply(first)).toEqual({ kind: 'already', name: FIRST })
    expect(world.entries.length).toBe(length)
  })

  it('takes one payload for the build at a time where Xen has no NODEPS', async () => {
    const world = new LivepatchWorld()
    world.xen.interfaceVersion = 0x12
    const beside = { nodeps: 'where-independent' } as const
    const one = order({ hotfix: 'xsa-1', number: 1, version: 1 })
    const two = order({ hotfix: 'xsa-2', number: 2, version: 1, functions: ['two'] })
    expect((await world.channel().apply(one, beside)).kind).toBe('done')
    expect(refusalOf(await world.channel().apply(two, beside))).toEqual({
      kind: 'nodeps-not-known',
    })
    expect(world.listed()).toEqual([`${FIRST} applied`])
  })

  it('loads a payload anew that a killed process left, also one that was reverted', async () => {
    const world = new LivepatchWorld()
    const withData = order({ hotfix: 'xsa-1', number: 1, data: true })
    await world.channel().apply(withData)
    world.xen.act({ name: FIRST, action: 'revert', timeoutNs: 30_000_000, nodeps: false })
    await world.xen.sleep(5)
    expect(world.listed()).toEqual([`${FIRST} checked`])
    expect((await world.channel().apply(withData)).kind).toBe('done')
    expect(world.listed()).toEqual([`${FIRST} applied`])
  })

  it('asks again with more time when the CPUs do not come together', async () => {
    const world = new LivepatchWorld()
    world.xen.quiesceMs.push(100, 100, 100)
    expect(await world.channel().apply(first)).toMatchObject({ kind: 'done', attempts: 3 })
    expect(world.xen.timeouts).toEqual([30_000_000, 60_000_000, 120_000_000])
  })

  it('gives up when they never do, and leaves nothing loaded', async () => {
    const world = new LivepatchWorld()
    world.xen.quiesceMs.push(...Array.from({ length: 200 }, () => 1e6))
    const outcome = await world.channel().apply(first)
    expect(refusalOf(outcome)).toMatchObject({
      kind: 'xen',
      answer: { step: 'apply', meaning: 'cpus-not-together' },
    })
    expect(world.listed()).toEqual([])
    expect(Math.max(...world.xen.timeouts)).toBe(500_000_000)
    expect(world.entries.at(-1)?.record).toMatchObject({ result: { kind: 'refused' } })
  })

  it('waits for the action of another tool', async () => {
    const world = new LivepatchWorld()
    world.xen.busyUntil = 400
    expect((await world.channel().apply(first)).kind).toBe('done')
  })

  it('says that an action has not ended when Xen does not end it', async () => {
    const world = new LivepatchWorld()
    const { xen } = world
    const channel = world.channel()
    const act = xen.act.bind(xen)
    // Xen takes the request and is never idle enough to do it.
    xen.act = (request) => act({ ...request, timeoutNs: 1e15 })
    xen.quiesceMs.push(1e12)
    expect(await channel.apply(first)).toMatchObject({
      kind: 'incomplete',
      left: { kind: 'unsettled', name: FIRST, status: { state: 'checked' } },
    })
    expect(world.entries.at(-1)?.record).toMatchObject({ result: { kind: 'incomplete' } })
  })

  it('refuses a payload for another build before Xen sees it', async () => {
    const world = new LivepatchWorld()
    const other = buildId('ff'.repeat(20))
    const foreign = order({ hotfix: 'xsa-1', number: 1, xenBuildId: other })
    expect(refusalOf(await world.channel().apply(foreign))).toEqual({
      kind: 'other-build',
      found: XEN,
      wanted: other,
    })
    expect(world.entries).toEqual([])
  })

  it('refuses a payload of the layout of another release', async () => {
    const old = order({ hotfix: 'xsa-1', number: 1, version: 1 })
    expect(refusalOf(await new LivepatchWorld().channel().apply(old))).toEqual({
      kind: 'payload-version',
      found: 1,
      wanted: 2,
    })
  })

  it('refuses a file that Xen does not take, and says what it means', async () => {
    const spoilt = { ...first, bytes: Uint8Array.of(1, 2, 3) }
    const world = new LivepatchWorld()
    expect(refusalOf(await world.channel().apply(spoilt))).toMatchObject({
      answer: { step: 'upload', meaning: 'malformed' },
    })
    expect(world.listed()).toEqual([])
  })

  it('refuses what stands on a payload that is not on top, and names what is', async () => {
    const world = new LivepatchWorld()
    expect(refusalOf(await world.channel().apply(second))).toEqual({
      kind: 'other-dependency',
      wanted: payloadId(1),
      found: XEN,
      top: undefined,
    })
    await world.channel().apply(first)
    const third = order({ hotfix: 'xsa-3', number: 3, functions: ['three'] })
    expect(refusalOf(await world.channel().apply(third))).toMatchObject({
      kind: 'other-dependency',
      top: FIRST,
    })
    expect((await world.channel().apply(third, { nodeps: true })).kind).toBe('done')
    expect((await world.channel().apply(second)).kind).toBe('refused')
  })

  it('passes on what Xen says of an expectation that does not hold, and unloads', async () => {
    const world = new LivepatchWorld()
    world.xen.spoil('one', 'foreign')
    const outcome = await world.channel().apply(first)
    expect(refusalOf(outcome)).toMatchObject({
      answer: {
        step: 'apply',
        meaning: 'expectation-failed',
        evidence: [`${FIRST}: expectations of one failed`],
      },
    })
    expect(world.listed()).toEqual([])
  })

  it('says that the security policy does not permit it', async () => {
    const world = new LivepatchWorld()
    world.xen.permitted = false
    expect(refusalOf(await world.channel().apply(first))).toMatchObject({
      answer: { step: 'list', meaning: 'not-permitted' },
    })
  })

  it('refuses a function into which something was spliced by DMA', async () => {
    const world = new LivepatchWorld()
    const plan = simPlan([simWrite('switch', 0, 4, Uint8Array.of(4))])
    const at = image.start
    const begin: JournalRecord = {
      kind: 'begin',
      transaction: 's1',
      goal: 'applied',
      machineStart: machineAddress(0x5fa0_0000n),
      engine: 'sim',
      plan: { ...plan, fix: 'xsa-9', writes: plan.writes.map((write) => ({ ...write, at })) },
    }
    world.record(begin)
    expect(refusalOf(await world.channel().apply(first))).toMatchObject({
      kind: 'spliced',
      name: 'one',
      fix: 'xsa-9',
      certain: false,
    })
    expect(
      (await world.channel().apply(order({ hotfix: 'x', number: 4, functions: ['two'] }))).kind,
    ).toBe('done')
  })
})

describe('revert()', () => {
  it('reverts the top of the stack and unloads it', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    await world.channel().apply(second)
    expect(refusalOf(await world.channel().revert(FIRST))).toEqual({
      kind: 'not-on-top',
      name: FIRST,
      top: SECOND,
    })
    expect((await world.channel().revert(SECOND)).kind).toBe('done')
    expect((await world.channel().revert(FIRST)).kind).toBe('done')
    expect(world.listed()).toEqual([])
    expect(FUNCTIONS.map((name) => world.xen.entryOf(name))).toEqual(['linked', 'linked', 'linked'])
  })

  it('does nothing where the payload is not loaded', async () => {
    expect((await new LivepatchWorld().channel().revert(FIRST)).kind).toBe('already')
  })

  it('never touches what another tool loaded', async () => {
    const world = new LivepatchWorld()
    await world.applyByOther(XEN)
    for (const outcome of [
      await world.channel().revert('lp_other'),
      await world.channel().unload('lp_other'),
    ]) {
      expect(refusalOf(outcome)).toEqual({ kind: 'not-ours', name: 'lp_other' })
    }
  })

  it('asks Xen what is on top where another tool applied something, and asks once', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    await world.applyByOther(payloadId(1))
    expect(refusalOf(await world.channel().revert(FIRST))).toMatchObject({
      answer: { meaning: 'not-on-top', evidence: [`${FIRST}: can't unload. Top is lp_other`] },
      attempts: 1,
    })
  })
})

describe('unload()', () => {
  it('refuses what is applied', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    expect(refusalOf(await world.channel().unload(FIRST))).toEqual({
      kind: 'still-applied',
      name: FIRST,
    })
  })
})

describe('replace()', () => {
  const all = order({ hotfix: 'xsa-all', number: 5, functions: ['one', 'two'] })
  const ALL = nameOf(all)

  it('takes back what was applied, and unloads it', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    await world.channel().apply(second)
    expect((await world.channel().replace(all)).kind).toBe('done')
    expect(world.listed()).toEqual([`${ALL} applied`])
    expect((await world.channel().replace(all)).kind).toBe('already')
    expect((await world.channel().revert(ALL)).kind).toBe('done')
    expect(world.xen.entryOf('one')).toBe('linked')
  })

  it('refuses expectations that would not hold, before anything is reverted', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    const wrong = order({ hotfix: 'xsa-all', number: 6, expected: [1, 2, 3, 4, 5] })
    const outcome = await world.channel().replace(wrong)
    expect(refusalOf(outcome)).toMatchObject({ kind: 'expectation-differs', name: 'one' })
    expect(world.listed()).toEqual([`${FIRST} applied`])
  })

  it('refuses to revert what other tools applied, unless it is told to', async () => {
    const world = new LivepatchWorld()
    await world.applyByOther(XEN)
    expect(refusalOf(await world.channel().replace(all))).toEqual({
      kind: 'would-revert-others',
      names: ['lp_other'],
    })
    expect((await world.channel().replace(all, { revertOthers: true })).kind).toBe('done')
    expect(world.listed()).toEqual(['lp_other checked', `${ALL} applied`])
  })

  it('refuses a payload that stands on another one', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    expect(refusalOf(await world.channel().replace(second))).toMatchObject({
      kind: 'other-dependency',
    })
  })

  it('applies again what it took back when Xen refuses in the middle', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(first)
    await world.channel().apply(second)
    // Something is in memory that neither the build nor the journal tells of.
    const surprising = order({ hotfix: 'xsa-all', number: 7, functions: ['three'] })
    world.xen.spoil('three', 'foreign')
    expect(await world.channel().replace(surprising)).toMatchObject({
      kind: 'incomplete',
      left: {
        kind: 'replace-failed',
        refusal: { answer: { meaning: 'expectation-failed' } },
        restored: [FIRST, SECOND],
        lost: [],
      },
    })
    expect(world.listed()).toEqual([`${FIRST} applied`, `${SECOND} applied`])
    expect(world.xen.appliedNames).toEqual([FIRST, SECOND])
  })

  it('says which payloads are lost where Xen does not apply them again', async () => {
    const world = new LivepatchWorld()
    await world.channel().apply(order({ hotfix: 'xsa-1', number: 1, data: true }))
    world.xen.spoil('three', 'foreign')
    const surprising = order({ hotfix: 'xsa-all', number: 7, functions: ['three'] })
    expect(await world.channel().replace(surprising)).toMatchObject({
      kind: 'incomplete',
      left: { restored: [], lost: [FIRST] },
    })
  })
})
