import { describe, expect, it } from 'vitest'
import { advance, distance, type VirtualAddress } from '../../address/address.ts'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import type { LinkedAlternative } from '../../payload/link-payload.ts'
import { decode } from '../../x86/decode.ts'
import { linkedBytes } from '../live-snapshot.ts'
import type { LiveBytes } from '../live-bytes.ts'
import { applyAlternatives } from './apply-alternatives.ts'
import { featureEvidence } from './feature-evidence.ts'
import { hypervisorOf, partAt, type SamplePart } from './testing/sample-hypervisor.ts'

/** An entry of the table: `site` is a place in the text, `pad` the NOPs at the site's end. */
function entry(site: string, repl: string, feature: string, orig: number, size: number, pad = 0) {
  const bytes = [orig, size, pad, 0].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `{pc32 ${site}} {pc32 ${repl}} ${feature} ${bytes}`
}

const TABLE = [
  // Two sites of feature 0x33: a `stac` in place of NOPs, and NOPs in place of a fence.
  entry('user+0x4', 'stac+0x4', '33 00', 0, 3, 3),
  entry('fence+0x4', 'stac+0x4', '34 00', 3, 0),
  entry('two+0x4', 'stac+0x4', '33 00', 0, 3, 3),
  // One site with two entries: the second goes over the first.
  entry('pair+0x4', 'stac+0x4', '35 00', 0, 3, 3),
  entry('pair+0x4', 'clac+0x4', '36 80', 0, 3, 3),
  // A call, which is moved to its site.
  entry('jumper+0x4', 'call+0x4', '37 00', 0, 5, 5),
]

const IMAGE = hypervisorOf({
  text: [
    { name: 'user', code: '90 90 90  c3' },
    { name: 'two', code: '0f 1f 00  c3' },
    { name: 'fence', code: '0f ae e8  c3' },
    { name: 'pair', code: '90 90 90  c3' },
    { name: 'jumper', code: '90 90 90 90 90  c3' },
    { name: 'target', code: 'f3 0f 1e fa  c3' },
    { name: 'plain', code: 'c3' },
  ],
  rodata: [
    { name: 'pointer', code: '{abs64 target}' },
    { name: 'plain_pointer', code: '{abs64 plain}' },
    { name: 'null_pointer', code: '00 00 00 00 00 00 00 00' },
    { name: 'wild_pointer', code: '{abs64 target+0x1}' },
  ],
  initText: [
    { name: 'stac', code: '0f 01 cb', kind: 'label' },
    { name: 'clac', code: '0f 01 ca', kind: 'label' },
    { name: 'call', code: 'e8 {pc32 plain}', kind: 'label' },
  ],
  initData: [
    { name: '__alt_instructions', kind: 'label', code: '' },
    ...TABLE.map((code, index): SamplePart => ({ name: `alt${index}`, code, alignment: 1 })),
    { name: '__alt_instructions_end', kind: 'label', code: '', alignment: 1 },
  ],
})

/** Memory as linked, but for the bytes at these functions. */
function liveWith(changes: Readonly<Record<string, string>>): LiveBytes {
  const linked = linkedBytes(IMAGE)
  return {
    bytesAt: (range) => {
      const bytes = linked.bytesAt(range)?.slice()
      for (const [name, hex] of Object.entries(changes)) {
        const offset = distance(range.start, partAt(IMAGE, name))
        if (offset >= 0 && offset < range.byteLength) {
          bytes?.set(hexBytes(hex).subarray(0, range.byteLength - offset), offset)
        }
      }
      return bytes
    },
  }
}

/** `plain` called from `jumper`. */
const MOVED_CALL = `e8 ${Array.from(
  new Uint8Array(
    Int32Array.of(distance(partAt(IMAGE, 'jumper'), partAt(IMAGE, 'plain')) - 5).buffer,
  ),
  (byte) => byte.toString(16).padStart(2, '0'),
).join(' ')}`

describe('featureEvidence()', () => {
  it.each([
    ['absent where the code is as linked', {}, 0x33, 'absent'],
    ['absent with other NOPs', { user: '66 66 90', two: '90 66 90' }, 0x33, 'absent'],
    ['present with the replacement', { user: '0f 01 cb', two: '0f 01 cb' }, 0x33, 'present'],
    ['present with NOPs for a fence', { fence: '0f 1f 00' }, 0x34, 'present'],
    ['present with a call moved to the site', { jumper: MOVED_CALL }, 0x37, 'present'],
    ['none where something else is', { jumper: 'e8 00 00 00 00' }, 0x37, 'none'],
    ['none of a feature without a site', {}, 0x77, 'none'],
    ['absent of a negated one that was applied', { pair: '0f 01 ca' }, 0x36, 'absent'],
    ['none of one that another may have gone over', { pair: '0f 01 ca' }, 0x35, 'none'],
    ['present of the first of two', { pair: '0f 01 cb' }, 0x35, 'present'],
    ['present of a negated one that was not applied', { pair: '0f 01 cb' }, 0x36, 'present'],
  ] as const)('is %s', (_, changes, feature, kind) => {
    expect(featureEvidence(IMAGE, liveWith(changes), feature)).toEqual({ kind })
  })

  it('disagrees where two sites do', () => {
    expect(featureEvidence(IMAGE, liveWith({ user: '0f 01 cb' }), 0x33)).toEqual({
      kind: 'disagrees',
      present: partAt(IMAGE, 'user'),
      absent: partAt(IMAGE, 'two'),
    })
  })
})

const SITE = advance(IMAGE.text.start, IMAGE.text.byteLength + 0x40)

function alternative(change: Partial<LinkedAlternative>): LinkedAlternative {
  return {
    site: SITE,
    section: 1,
    offset: 0,
    siteByteLength: 6,
    padByteLength: 0,
    replacement: hexBytes('0f 01 cb'),
    feature: 0x33,
    negated: false,
    pointer: undefined,
    ...change,
  }
}

const CODE = hexBytes('ff 15 01 02 03 04  c3')

function applied(changes: Readonly<Record<string, string>>, ...entries: LinkedAlternative[]) {
  return applyAlternatives(new Map([[1, CODE]]), entries, IMAGE, liveWith(changes))
}

function codeOf(result: ReturnType<typeof applied>): Uint8Array {
  const bytes = result.kind === 'applied' ? result.sections.get(1) : undefined
  if (bytes === undefined) throw new Error('It is refused')
  return bytes
}

const PRESENT = { user: '0f 01 cb', two: '0f 01 cb' }

describe('applyAlternatives()', () => {
  it('puts a replacement with NOPs behind it where Xen found the feature', () => {
    const code = codeOf(applied(PRESENT, alternative({})))
    expect(code).toEqual(hexBytes('0f 01 cb  0f 1f 00  c3'))
    expect(CODE[0]).toBe(0xff)
  })

  it('leaves the code as compiled where Xen did not', () => {
    expect(codeOf(applied({}, alternative({})))).toEqual(CODE)
  })

  it('goes the other way for a negated one', () => {
    expect(codeOf(applied(PRESENT, alternative({ negated: true })))).toEqual(CODE)
    expect(codeOf(applied({}, alternative({ negated: true })))).not.toEqual(CODE)
  })

  it('lets a later one go over an earlier one', () => {
    const later = alternative({ replacement: hexBytes('90'), feature: 0x34 })
    const both = applied({ ...PRESENT, fence: '0f 1f 00' }, alternative({}), later)
    expect(codeOf(both)).toEqual(hexBytes('90  0f 1f 44 00 00  c3'))
  })

  it('asks of an earlier one only where no later one applies', () => {
    const unknown = alternative({ feature: 0x77 })
    expect(applied(PRESENT, unknown, alternative({})).kind).toBe('applied')
    expect(applied({}, unknown, alternative({})).kind).toBe('refused')
  })

  it('names a feature that memory does not tell of, once', () => {
    const unknown = alternative({ feature: 0x77 })
    expect(applied({}, unknown, unknown)).toEqual({
      kind: 'refused',
      refusals: [{ kind: 'feature-unknown', feature: 0x77, evidence: { kind: 'none' } }],
    })
  })

  it.each([
    ['behind an endbr64', 'pointer', 'target', 4],
    ['to the entry', 'plain_pointer', 'plain', 0],
  ] as const)('makes a call by a pointer direct, %s', (_, pointer, callee, behind) => {
    const call = alternative({
      pointer: partAt(IMAGE, pointer),
      replacement: hexBytes('e8 fb ff ff ff'),
    })
    const code = codeOf(applied({}, call))
    const [direct, nop, end] = decode(code, SITE).instructions
    expect(direct?.branchTarget).toBe(advance(partAt(IMAGE, callee), behind))
    expect([nop?.isNop, end?.flow]).toEqual([true, 'return'])
  })

  it('faults where a pointer is null, as Xen does', () => {
    const call = alternative({ pointer: partAt(IMAGE, 'null_pointer') })
    expect(codeOf(applied({}, call)).subarray(0, 2)).toEqual(hexBytes('0f 0b'))
  })

  it('refuses a pointer into a function', () => {
    const pointer: VirtualAddress = partAt(IMAGE, 'wild_pointer')
    expect(applied({}, alternative({ pointer }))).toMatchObject({
      refusals: [{ kind: 'pointer-leads-nowhere', pointer }],
    })
  })
})
