import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../address/address.ts'
import { parseBuildId, type BuildId } from '../image/build-id.ts'
import type { Payload, PayloadFunction } from '../payload/payload.ts'
import { judgeIndependence } from './livepatch-independence.ts'

const XEN = buildId('11'.repeat(20))
const OTHER = buildId('22'.repeat(20))
const ADDRESS = virtualAddress(0xffff82d040200000n)
const ELSEWHERE = virtualAddress(0xffff82d040200100n)
const NOTHING = { functions: [], unrecorded: [] }

function buildId(text: string): BuildId {
  const id = parseBuildId(text)
  if (id === undefined) throw new RangeError(text)
  return id
}

function judged(
  options: { dependsOn?: BuildId; expected?: Uint8Array },
  livepatched: Parameters<typeof judgeIndependence>[2]['livepatched'],
): ReturnType<typeof judgeIndependence> {
  const { dependsOn = XEN, expected = new Uint8Array(5) } = options
  const replaced: Pick<PayloadFunction, 'name' | 'expected'> = { name: 'do_dm_op', expected }
  // What is judged needs no more of a payload.
  const payload = { dependsOn, functions: [replaced] } as unknown as Payload
  const functions = [{ name: 'do_dm_op', address: ADDRESS, byteLength: 220 }]
  return judgeIndependence(payload, functions, { buildId: XEN, livepatched })
}

function livepatched(address: typeof ADDRESS): Parameters<typeof judged>[1] {
  const one = { name: 'f', address, byteLength: 9, hotfix: 'other', livepatch: 'reweave-other' }
  return { functions: [one], unrecorded: [] }
}

describe('judgeIndependence()', () => {
  it('leaves a payload alone that meets no other, or that stands on one', () => {
    expect(judged({}, NOTHING)).toEqual({ kind: 'dependent' })
    expect(judged({ dependsOn: OTHER }, livepatched(ADDRESS))).toEqual({ kind: 'dependent' })
  })

  it('lets a payload stand beside one that replaces other functions', () => {
    expect(judged({}, livepatched(ELSEWHERE))).toEqual({ kind: 'independent' })
  })

  it('refuses a function that another livepatch replaces, and names both', () => {
    expect(judged({}, livepatched(ADDRESS))).toEqual({
      kind: 'refused',
      refusal: { kind: 'livepatched', name: 'do_dm_op', by: 'other' },
    })
  })

  it('refuses to go beside an unknown payload where Xen would not notice one', () => {
    const unknown = { functions: [], unrecorded: ['foreign'] }
    expect(judged({}, unknown)).toEqual({ kind: 'independent' })
    // Behind an endbr64, where Xen puts its jump then, the third expects one byte alone.
    const marked = Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfa, 0xe9)
    for (const expected of [new Uint8Array(0), new Uint8Array(4), marked]) {
      expect(judged({ expected }, unknown)).toEqual({
        kind: 'refused',
        refusal: { kind: 'stack-unknown', livepatches: ['foreign'], name: 'do_dm_op' },
      })
    }
  })
})
