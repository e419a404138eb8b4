/**
 * The livepatch channel on a real Xen, with payloads such as Xen's own tests have
 * (xen/test/livepatch): they behave as Xen documents (docs/misc/livepatch.pandoc), and afterwards
 * Xen's code is what it was.
 */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { livepatchName } from '../../src/channel/livepatch-name.ts'
import { emitLivepatch } from '../../src/payload/emit-livepatch.ts'
import { isCodePadding } from '../../src/image/nop.ts'
import { parseBuildId } from '../../src/image/build-id.ts'
import { bytesAsHex } from '../../src/splice/bytes-as-hex.ts'
import { LivepatchInDom0 } from './testing/livepatch-in-dom0.ts'
import { type MadeLivepatch, patchSaying, testLivepatch } from './testing/test-livepatch.ts'
import { type XenSnapshot, XenUnderTest } from './testing/xen-under-test.ts'

const JOURNAL = '/run/livepatch-test'

let xen: XenUnderTest
let untouched: XenSnapshot
let dom0: LivepatchInDom0
/** As Xen says it of itself: `4.17.5-rc` and so on. */
let ownVersion: string

beforeAll(async () => {
  xen = await XenUnderTest.boot({})
  untouched = xen.see()
  dom0 = new LivepatchInDom0(xen.machine, JOURNAL)
  ownVersion = await version()
})

afterAll(async () => {
  await dom0?.end()
  await xen?.machine.stop()
})

afterEach(async () => {
  // After a case that failed, so that the next one begins on a bare Xen all the same.
  for (;;) {
    const { payloads } = (await dom0.ask({ ask: 'list' })) as { payloads: { name: string }[] }
    const last = payloads.at(-1)
    if (last === undefined) return
    await dom0.ask({ ask: 'act', name: last.name, action: 'revert' })
    await dom0.ask({ ask: 'act', name: last.name, action: 'unload' })
  }
})

async function version(): Promise<string> {
  return (await dom0.ask({ ask: 'version' })) as string
}

function saying(
  says: string,
  more: Partial<Parameters<typeof testLivepatch>[1]> = {},
): MadeLivepatch {
  return testLivepatch(xen.image, { replaces: 'xen_extra_version', says, ...more })
}

function linked(name: string, byteLength: number): Uint8Array {
  const found = xen.image.find(name)
  if (found.kind !== 'found') throw new Error(`The image has no ${name}`)
  const bytes = xen.image.bytesAt({ start: found.symbol.address, byteLength })
  if (bytes === undefined) throw new Error(`${name} has no bytes`)
  return bytes
}

function inMemory(name: string, byteLength: number): Uint8Array {
  const found = xen.image.find(name)
  if (found.kind !== 'found') throw new Error(`The image has no ${name}`)
  return xen.bytesAt({ start: found.symbol.address, byteLength })
}

async function apply(hotfix: string, { payload }: MadeLivepatch): Promise<unknown> {
  return await dom0.ask({ ask: 'apply', hotfix, payload })
}

/** Each case leaves nothing loaded, and Xen's code as it was. */
async function expectBare(): Promise<void> {
  expect(await dom0.ask({ ask: 'list' })).toEqual({ kind: 'list', payloads: [] })
  expect(await version()).toBe(ownVersion)
  expect(xen.differences(untouched, xen.see())).toEqual([])
}

describe('a payload that replaces a function', () => {
  it('is applied, shown, found applied already, and reverted', async () => {
    const hello = saying('Hello World', { info: 'livepatch=rulez' })
    const name = livepatchName('hello', hello.buildId)
    expect(await apply('hello', hello)).toMatchObject({ kind: 'done', name, leftLoaded: [] })
    expect(await version()).toContain('Hello World')
    expect(inMemory('xen_extra_version', 1)).toEqual(Uint8Array.of(0xe9))
    expect(await dom0.ask({ ask: 'show' })).toMatchObject({
      payloads: [
        { name, state: 'applied', rc: 0, metadata: ['livepatch=rulez'], owner: 'reweave' },
      ],
      stack: { applied: [{ name, buildId: hello.buildId }], orderKnown: true },
    })
    expect(await dom0.ask({ ask: 'patched' })).toMatchObject({
      functions: [{ name: 'xen_extra_version', livepatch: name }],
      unrecorded: [],
    })
    expect(await apply('hello', hello)).toEqual({ kind: 'already', name })
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done', leftLoaded: [] })
    await expectBare()
  })

  it('is taken as Reweave makes it from a patch', async () => {
    const patch = patchSaying(xen.image, 'xen_extra_version', 'From a patch')
    const digest = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()
    const info = [['hotfix', 'emitted']] as const
    const emitted = emitLivepatch({ patch, image: xen.image, version: 2, info, digest })
    if (emitted.kind === 'refused') throw new Error(JSON.stringify(emitted.reasons))
    const { buildId } = emitted
    const name = livepatchName('emitted', buildId)
    const payload = Buffer.from(emitted.bytes).toString('base64')
    expect(await apply('emitted', { payload, buildId })).toMatchObject({ kind: 'done', name })
    expect(await version()).toContain('From a patch')
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })

  it('is loaded also where it is almost as large as Xen takes any', async () => {
    const large = saying('Large', { fillerBytes: 1_900_000 })
    const name = livepatchName('large', large.buildId)
    expect(await apply('large', large)).toMatchObject({ kind: 'done', name })
    expect(await version()).toContain('Large')
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })

  it('puts NOPs over one where it brings no code', async () => {
    const nop = testLivepatch(xen.image, { replaces: 'xen_minor_version', says: undefined })
    const name = livepatchName('nop', nop.buildId)
    expect(await apply('nop', nop)).toMatchObject({ kind: 'done' })
    // Which NOPs Xen takes depends on the CPU.
    expect(isCodePadding(inMemory('xen_minor_version', 5))).toBe(true)
    expect(bytesAsHex(inMemory('xen_minor_version', 10)).slice(10)).toBe(
      bytesAsHex(linked('xen_minor_version', 10)).slice(10),
    )
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })
})

describe('a payload for another build', () => {
  const elsewhere = parseBuildId('ab'.repeat(20))

  it('is refused at upload where it names no build of Xen', async () => {
    const { payload } = saying('no xen build-id', { xenBuildId: 'none' })
    expect(await dom0.ask({ ask: 'upload', name: 'none', payload })).toEqual({
      kind: 'error',
      errno: 22,
    })
    await expectBare()
  })

  it('is refused at upload, and by the channel before', async () => {
    if (elsewhere === undefined) throw new Error('No build-id')
    const other = saying('another build', { xenBuildId: elsewhere, dependsOn: elsewhere })
    const { payload } = other
    expect(await dom0.ask({ ask: 'upload', name: 'other', payload })).toEqual({
      kind: 'error',
      errno: 22,
    })
    expect(await dom0.ask({ ask: 'messages' })).toContainEqual(
      expect.stringContaining('check against hypervisor build-id failed'),
    )
    expect(await apply('other', other)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'other-build', found: xen.image.buildId, wanted: elsewhere },
    })
    await expectBare()
  })
})

describe('expectations', () => {
  it('that hold let a payload be applied', async () => {
    const expected = linked('xen_extra_version', 8)
    const made = saying('As expected', { expected })
    expect(await apply('expects', made)).toMatchObject({ kind: 'done' })
    expect(await version()).toContain('As expected')
    const name = livepatchName('expects', made.buildId)
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })

  it('that do not hold are told by Xen, and nothing stays loaded', async () => {
    const expected = Uint8Array.of(0xde, 0xad, 0xc0, 0xde, 0xba, 0xbe)
    const made = saying('Not as expected', { expected })
    expect(await apply('expects', made)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'xen', answer: { step: 'apply', errno: 22, meaning: 'expectation-failed' } },
    })
    await expectBare()
  })
})

describe('stacked payloads', () => {
  it('are applied and reverted in order, and refused out of order by both', async () => {
    const hello = saying('Hello World')
    const bye = saying('Bye World!', { dependsOn: hello.buildId })
    const helloName = livepatchName('hello', hello.buildId)
    const byeName = livepatchName('bye', bye.buildId)

    expect(await apply('bye', bye)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'other-dependency', wanted: hello.buildId, found: xen.image.buildId },
    })
    expect(await dom0.ask({ ask: 'upload', name: 'bye', payload: bye.payload })).toEqual({
      kind: 'ok',
    })
    expect(await dom0.ask({ ask: 'act', name: 'bye', action: 'apply' })).toEqual({
      answer: { kind: 'error', errno: 22 },
    })
    expect(await dom0.ask({ ask: 'messages' })).toContainEqual(
      expect.stringMatching(/^bye: check against .* build-id failed$/),
    )
    expect(await dom0.ask({ ask: 'act', name: 'bye', action: 'unload' })).toMatchObject({
      answer: { kind: 'ok' },
    })

    expect(await apply('hello', hello)).toMatchObject({ kind: 'done' })
    expect(await apply('bye', bye)).toMatchObject({ kind: 'done' })
    expect(await version()).toContain('Bye World!')

    expect(await dom0.ask({ ask: 'revert', name: helloName })).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'not-on-top', name: helloName, top: byeName },
    })
    expect(await dom0.ask({ ask: 'act', name: helloName, action: 'revert' })).toEqual({
      answer: { kind: 'error', errno: 16 },
    })
    expect(await dom0.ask({ ask: 'messages' })).toContainEqual(
      expect.stringContaining(`Top is ${byeName}`),
    )

    expect(await dom0.ask({ ask: 'revert', name: byeName })).toMatchObject({ kind: 'done' })
    expect(await version()).toContain('Hello World')
    expect(await dom0.ask({ ask: 'revert', name: helloName })).toMatchObject({ kind: 'done' })
    await expectBare()
  })

  it('are all replaced by one that stands on Xen, or applied without regard to the stack', async () => {
    const hello = saying('Hello World')
    const bye = saying('Bye World!', { dependsOn: hello.buildId })
    const again = saying('Hello Again')
    const name = livepatchName('again', again.buildId)
    expect(await apply('hello', hello)).toMatchObject({ kind: 'done' })
    expect(await apply('again', again)).toMatchObject({
      refusal: { kind: 'other-dependency', top: livepatchName('hello', hello.buildId) },
    })
    const nodeps = { ask: 'apply', hotfix: 'again', payload: again.payload, nodeps: true } as const
    expect(await dom0.ask(nodeps)).toMatchObject({ kind: 'done' })
    expect(await version()).toContain('Hello Again')
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })

    expect(await apply('bye', bye)).toMatchObject({ kind: 'done' })
    const wrong = saying('Never', { expected: Uint8Array.of(1, 2, 3) })
    expect(
      await dom0.ask({ ask: 'replace', hotfix: 'wrong', payload: wrong.payload }),
    ).toMatchObject({ refusal: { kind: 'expectation-differs' } })
    expect(await version()).toContain('Bye World!')
    expect(
      await dom0.ask({ ask: 'replace', hotfix: 'again', payload: again.payload }),
    ).toMatchObject({ kind: 'done', name, leftLoaded: [] })
    expect(await version()).toContain('Hello Again')
    expect(await dom0.ask({ ask: 'list' })).toMatchObject({
      payloads: [{ name, state: 'applied' }],
    })
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })
})

describe('a replace whose expectations fail', () => {
  it('leaves Xen without any payload, and what it reverted can be applied again', async () => {
    const hello = saying('Hello World')
    const name = livepatchName('hello', hello.buildId)
    expect(await apply('hello', hello)).toMatchObject({ kind: 'done' })
    // Asked of Xen itself: the channel looks first, and would not.
    const wrong = saying('Never', { expected: Uint8Array.of(1, 2, 3) })
    await dom0.ask({ ask: 'upload', name: 'wrong', payload: wrong.payload })
    expect(await dom0.ask({ ask: 'act', name: 'wrong', action: 'replace' })).toMatchObject({
      status: { state: 'checked', rc: -22 },
    })
    expect(await version()).toBe(ownVersion)
    expect(await dom0.ask({ ask: 'messages' })).toContainEqual(
      expect.stringContaining('SYSTEM MIGHT BE INSECURE'),
    )
    await dom0.ask({ ask: 'act', name: 'wrong', action: 'unload' })
    expect(await dom0.ask({ ask: 'act', name, action: 'apply' })).toMatchObject({
      status: { state: 'applied', rc: 0 },
    })
    expect(await version()).toContain('Hello World')
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })
})

describe('the list', () => {
  it('tells of many payloads with the longest names, and what each says of itself', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `${index}-`.padEnd(127, 'n'))
    for (const [index, name] of names.entries()) {
      const { payload } = saying(`number ${index}`, { info: `number=${index}` })
      expect(await dom0.ask({ ask: 'upload', name, payload })).toEqual({ kind: 'ok' })
    }
    const payloads = names.map((name, index) => {
      return { name, state: 'checked', rc: 0, metadata: [`number=${index}`] }
    })
    expect(await dom0.ask({ ask: 'list' })).toEqual({ kind: 'list', payloads })
    for (const name of names) await dom0.ask({ ask: 'act', name, action: 'unload' })
    await expectBare()
  })
})

describe('an action for which the CPUs have no time to come together', () => {
  it('ends with an error, changes nothing, and can be asked for again', async () => {
    const made = saying('In time')
    const name = livepatchName('slow', made.buildId)
    await dom0.ask({ ask: 'upload', name, payload: made.payload })
    expect(await dom0.ask({ ask: 'act', name, action: 'apply', timeoutNs: 1 })).toMatchObject({
      status: { state: 'checked', rc: -16 },
    })
    expect(await dom0.ask({ ask: 'messages' })).toContainEqual(
      expect.stringContaining('Timed out on semaphore'),
    )
    expect(await version()).toBe(ownVersion)
    expect(await apply('slow', made)).toMatchObject({ kind: 'done' })
    expect(await version()).toContain('In time')
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })
})

describe('what a killed process left', () => {
  it('is finished by the next, also a reverted payload that Xen would not apply again', async () => {
    const made = saying('Once more', { data: true })
    const { payload } = made
    const name = livepatchName('killed', made.buildId)
    expect(await dom0.ask({ ask: 'upload', name, payload })).toEqual({ kind: 'ok' })
    expect(await dom0.ask({ ask: 'act', name, action: 'apply' })).toMatchObject({
      status: { state: 'applied', rc: 0 },
    })
    expect(await dom0.ask({ ask: 'act', name, action: 'revert' })).toMatchObject({
      status: { state: 'checked', rc: 0 },
    })
    expect(await dom0.ask({ ask: 'act', name, action: 'apply' })).toMatchObject({
      answer: { kind: 'ok' },
      status: { state: 'checked', rc: -22 },
    })
    expect(await apply('killed', made)).toMatchObject({ kind: 'done' })
    expect(await version()).toContain('Once more')

    // A new process, with the journal that the first one wrote.
    await dom0.end()
    dom0 = new LivepatchInDom0(xen.machine, JOURNAL)
    expect(await apply('killed', made)).toEqual({ kind: 'already', name })
    expect(await dom0.ask({ ask: 'show' })).toMatchObject({ stack: { orderKnown: true } })
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({ kind: 'done' })
    await expectBare()
  })
})

describe("another tool's payload", () => {
  it('is shown and not touched', async () => {
    const { payload } = saying('Not ours')
    const name = 'lp_4.17.5-1'
    await dom0.ask({ ask: 'upload', name, payload })
    await dom0.ask({ ask: 'act', name, action: 'apply' })
    expect(await dom0.ask({ ask: 'show' })).toMatchObject({
      payloads: [{ name, state: 'applied', owner: 'other' }],
    })
    expect(await dom0.ask({ ask: 'patched' })).toEqual({ functions: [], unrecorded: [name] })
    expect(await dom0.ask({ ask: 'revert', name })).toMatchObject({
      refusal: { kind: 'not-ours', name },
    })
    const ours = saying('Ours')
    expect(await dom0.ask({ ask: 'replace', hotfix: 'ours', payload: ours.payload })).toMatchObject(
      { refusal: { kind: 'would-revert-others', names: [name] } },
    )
    expect(await version()).toContain('Not ours')
    await dom0.ask({ ask: 'act', name, action: 'revert' })
    await dom0.ask({ ask: 'act', name, action: 'unload' })
    await expectBare()
  })
})
