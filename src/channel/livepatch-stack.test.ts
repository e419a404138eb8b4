import { describe, expect, it } from 'vitest'
import { judgeDependency, stackOf } from './livepatch-stack.ts'
import { BOOT, LivepatchWorld, nameOf, order, payloadId, XEN } from './testing/livepatch-world.ts'

const first = order({ hotfix: 'xsa-1', number: 1 })
const second = order({ hotfix: 'xsa-2', number: 2, dependsOn: payloadId(1), functions: ['two'] })

/** A world with both applied, and what Xen lists. */
async function stacked(): Promise<LivepatchWorld> {
  const world = new LivepatchWorld()
  await world.channel().apply(first)
  await world.channel().apply(second)
  return world
}

function listed(name: string): { name: string; state: 'applied'; rc: 0; metadata: [] } {
  return { name, state: 'applied', rc: 0, metadata: [] }
}

describe('stackOf()', () => {
  it('puts payloads in the order of applying, by the journal, not in that of the list', async () => {
    const { entries } = await stacked()
    const stack = stackOf(entries, BOOT, [listed(nameOf(second)), listed(nameOf(first))])
    expect(stack.orderKnown).toBe(true)
    expect(stack.applied.map(({ name }) => name)).toEqual([nameOf(first), nameOf(second)])
  })

  it('does not know the order once another tool has applied something', async () => {
    const { entries } = await stacked()
    const stack = stackOf(entries, BOOT, [listed('lp_other'), listed(nameOf(first))])
    expect(stack.orderKnown).toBe(false)
    expect(stackOf(entries, BOOT, [listed('lp_other')]).orderKnown).toBe(true)
  })

  it('knows nothing by the journal of another boot', async () => {
    const { entries } = await stacked()
    const stack = stackOf(entries, 'boot-2', [listed(nameOf(first)), listed(nameOf(second))])
    expect(stack.orderKnown).toBe(false)
  })
})

describe('judgeDependency()', () => {
  it('lets Xen decide where the order is not known, but not over what stands on Xen', async () => {
    const { entries } = await stacked()
    const stack = stackOf(entries, BOOT, [listed('lp_other'), listed(nameOf(first))])
    expect(judgeDependency(stack, payloadId(7), XEN)).toBeUndefined()
    expect(judgeDependency(stack, XEN, XEN)).toMatchObject({ kind: 'other-dependency' })
  })

  it("takes the beginning of the build-id from one of Reweave's names, without a journal", () => {
    const stack = stackOf([], BOOT, [listed(nameOf(first))])
    expect(judgeDependency(stack, payloadId(1), XEN)).toBeUndefined()
    expect(judgeDependency(stack, payloadId(2), XEN)).toMatchObject({ top: nameOf(first) })
  })
})
