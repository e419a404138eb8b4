import { describe, expect, it } from 'vitest'
import type { BuildId } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { hypervisorOf, partAt } from '../splice/payload/testing/sample-hypervisor.ts'
import { describeFunctionTaken } from './function-taken.ts'
import { builtHotfix, HostWorld, writtenHotfix } from './testing/host-world.ts'

function imageWith({ vmxBytes }: { readonly vmxBytes: number }): Image {
  return hypervisorOf({
    text: [
      { name: 'entry', code: 'e8 {pc32 one}  e8 {pc32 two}  c3' },
      { name: 'one', code: 'b8 01 00 00 00  83 f8 02  c3' },
      { name: 'two', code: 'b8 02 00 00 00  83 f8 02  c3' },
      { name: 'marked', code: 'f3 0f 1e fa  b8 03 00 00 00  83 f8 02  c3' },
      { name: 'vmx_exit', code: `${'90 '.repeat(vmxBytes)} c3` },
    ],
    initText: [
      { name: 'hvm_enable', code: 'e8 {pc32 start_vmx}  c3' },
      { name: 'start_vmx', code: '48 8d 05 {pc32 vmx_table}  c3' },
    ],
    initData: [
      { name: 'initcall', code: '{abs64 hvm_enable} {abs64 entry}' },
      { name: 'vmx_table', code: '{abs64 vmx_exit}' },
    ],
  })
}

const IMAGE = imageWith({ vmxBytes: 80 })

const FIRST = builtHotfix(IMAGE, 'first', [
  { section: '.text.one', replaces: 'one', code: 'b8 11 00 00 00 c3' },
])
const SECOND = builtHotfix(IMAGE, 'second', [
  { section: '.text.one', replaces: 'one', code: 'b8 21 00 00 00 c3' },
])
const APART = builtHotfix(IMAGE, 'apart', [
  { section: '.text.two', replaces: 'two', code: 'b8 12 00 00 00 c3' },
])
const WRITTEN = writtenHotfix(IMAGE, 'written-one', {
  at: 'one+0x5',
  expect: '83 f8 02',
  put: '83 f8 03',
})

function taken(outcome: Awaited<ReturnType<HostWorld['change']>>): string | undefined {
  return outcome.kind === 'function-taken' ? describeFunctionTaken(outcome.taken) : undefined
}

/** As Xen puts it at a function's entry: a jump out of the image. */
const TRAMPOLINE = Uint8Array.of(0xe9, 0, 0, 0, 0x10)

describe('changeFix()', () => {
  it('splices a payload in, finds it there, and takes it out again', async () => {
    const world = new HostWorld(IMAGE)
    expect(await world.change(FIRST, 'applied')).toMatchObject({
      kind: 'ran',
      outcome: { kind: 'applied' },
    })
    expect((await world.change(FIRST, 'applied')).kind).toBe('nothing-to-do')
    expect(await world.change(FIRST, 'not-applied')).toMatchObject({
      kind: 'ran',
      outcome: { kind: 'reverted' },
    })
    expect(world.isUntouched()).toBe(true)
    expect((await world.change(FIRST, 'not-applied')).kind).toBe('nothing-to-do')
  })

  it('takes out in any order what changes other functions', async () => {
    const world = new HostWorld(IMAGE)
    for (const hotfix of [FIRST, APART]) await world.change(hotfix, 'applied')
    for (const hotfix of [FIRST, APART]) {
      expect((await world.change(hotfix, 'not-applied')).kind).toBe('ran')
    }
    expect(world.isUntouched()).toBe(true)
  })

  it.each([
    ['a payload', SECOND],
    ['a fix that was written by hand', WRITTEN],
  ])('refuses %s for a function that a payload was spliced for', async (_what, hotfix) => {
    const world = new HostWorld(IMAGE)
    await world.change(FIRST, 'applied')
    expect(taken(await world.change(hotfix, 'applied'))).toBe(
      'first has spliced one by DMA: revert it first',
    )
    await world.change(FIRST, 'not-applied')
    expect((await world.change(hotfix, 'applied')).kind).toBe('ran')
    expect(taken(await world.change(FIRST, 'applied'))).toMatch(/^\S+ has spliced one by DMA/)
  })

  it('lets fixes that were written by hand change one function together', async () => {
    const world = new HostWorld(IMAGE)
    const other = { at: 'one', expect: 'b8 01 00 00 00', put: 'b8 09 00 00 00' }
    await world.change(WRITTEN, 'applied')
    const outcome = await world.change(writtenHotfix(IMAGE, 'written-two', other), 'applied')
    expect(outcome).toMatchObject({ kind: 'ran', outcome: { kind: 'applied' } })
  })

  it.each([
    ['a payload', FIRST],
    ['a fix that was written by hand', WRITTEN],
  ])('refuses %s for a function that a livepatch of Reweave replaces', async (_what, hotfix) => {
    const world = new HostWorld(IMAGE)
    const livepatch = 'reweave-lp-5a5a5a5a'
    const buildId = '5a'.repeat(20) as BuildId
    world.record({
      kind: 'livepatch-apply',
      transaction: 'l1',
      action: 'apply',
      hotfix: 'lp',
      name: livepatch,
      buildId,
      dependsOn: IMAGE.buildId,
      functions: [{ name: 'one', address: partAt(IMAGE, 'one'), byteLength: 9 }],
    })
    world.listed = [{ name: livepatch, state: 'applied' }]
    world.overwrite('one', TRAMPOLINE)
    expect(taken(await world.change(hotfix, 'applied'))).toBe(
      'lp has replaced one through livepatch, and no function is patched through two channels: ' +
        'revert it first',
    )
    expect((await world.change(APART, 'applied')).kind).toBe('ran')
  })

  it('tells by the entry that a livepatch of another tool has the function', async () => {
    const world = new HostWorld(IMAGE)
    world.listed = [{ name: 'lp_4.17', state: 'applied' }]
    expect((await world.change(APART, 'applied')).kind).toBe('ran')
    world.overwrite('one', TRAMPOLINE)
    expect(taken(await world.change(FIRST, 'applied'))).toBe(
      'the livepatch lp_4.17 has replaced one, and no function is patched through two channels',
    )
  })

  it.each([
    ['an endbr64', [0xf3, 0x0f, 0x1e, 0xfa]],
    ['what boot leaves of an endbr64', [0x66, 0x0f, 0x1f, 0x01]],
  ])('tells it by the jump behind %s as well', async (_what, marker) => {
    const world = new HostWorld(IMAGE)
    const place = { at: 'marked+0x9', expect: '83 f8 02', put: '83 f8 03' }
    const hotfix = writtenHotfix(IMAGE, 'written-three', place)
    world.listed = [{ name: 'lp_4.17', state: 'applied' }]
    world.overwrite('marked', Uint8Array.of(...marker, ...TRAMPOLINE))
    expect(taken(await world.change(hotfix, 'applied'))).toContain('lp_4.17 has replaced marked')
  })

  it('does not take our own jump at an entry for that of a livepatch', async () => {
    const world = new HostWorld(IMAGE)
    await world.change(FIRST, 'applied')
    world.listed = [{ name: 'lp_4.17', state: 'applied' }]
    expect((await world.change(FIRST, 'applied')).kind).toBe('nothing-to-do')
  })

  it('uses code that cannot run on these CPUs if that is allowed, and finds it again', async () => {
    const image = imageWith({ vmxBytes: 5000 })
    const long = builtHotfix(image, 'long', [
      { section: '.text.two', replaces: 'two', code: `${'ff c0 '.repeat(1800)} c3` },
    ])
    const world = new HostWorld(image)
    expect(await world.change(long, 'applied')).toMatchObject({
      kind: 'not-spliceable',
      refusals: [{ kind: 'no-room' }],
    })
    world.reuseAllowed = true
    expect((await world.change(long, 'applied')).kind).toBe('ran')
    world.reuseAllowed = false
    expect((await world.change(long, 'applied')).kind).toBe('nothing-to-do')
    expect((await world.change(long, 'not-applied')).kind).toBe('ran')
    expect(world.isUntouched()).toBe(true)
  })

  it('refuses a payload for another build', async () => {
    const world = new HostWorld({ ...IMAGE, buildId: 'cc'.repeat(20) as BuildId })
    expect(await world.change(FIRST, 'applied')).toMatchObject({
      kind: 'not-spliceable',
      refusals: [{ kind: 'other-base' }],
    })
  })
})
