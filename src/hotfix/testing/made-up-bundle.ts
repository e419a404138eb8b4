import { virtualAddress } from '../../address/address.ts'
import { type BuildId, parseBuildId } from '../../image/build-id.ts'
import { readPayload } from '../../payload/read-payload.ts'
import {
  emitted,
  smallImage,
  smallPatch,
  smallPayloadBytes,
} from '../../payload/testing/sample-payload.ts'
import type { BundleDraft } from '../write-bundle.ts'

/** The build that the hotfixes here are for. */
export const XEN: BuildId = smallImage().buildId
/** That of the payload in `BUILT`. */
export const PAYLOAD: BuildId = buildIdOfPayload(smallPayloadBytes())

/** A build-id of 20 equal bytes. */
export function buildIdOf(byte: string): BuildId {
  const id = parseBuildId(byte.repeat(20))
  if (id === undefined) throw new RangeError(`'${byte}' is no byte`)
  return id
}

/** A payload for that build, with other code in it than `BUILT`'s unless it is for the same. */
export function payloadFor(xen: BuildId): Uint8Array {
  return emitted(smallPatch(), { ...smallImage(), buildId: xen })
}

/** Another payload for the same build. */
export function otherPayload(): Uint8Array {
  const patch = smallPatch()
  const pieces = patch.pieces.map((piece) =>
    piece.section === '.text.helper'
      ? { ...piece, content: Uint8Array.of(0x31, 0xff, 0xc3) }
      : piece,
  )
  return emitted({ ...patch, pieces }, smallImage())
}

function buildIdOfPayload(bytes: Uint8Array): BuildId {
  const read = readPayload(bytes)
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.refusal))
  return read.payload.buildId
}

/** A hotfix built from a source patch. */
export const BUILT: BundleDraft = {
  name: 'xsa-506',
  advisory: 'XSA-506',
  cves: ['CVE-2026-62433'],
  title: 'dm_op reads stack rubble when it is given no buffers',
  base: { buildId: XEN, version: '4.17.5+72-g01140da4e8-1' },
  onTopOf: undefined,
  labOnly: false,
  probe: 'dm-op-without-buffers',
  reweave: '0.1.0',
  origin: {
    kind: 'source-patch',
    patch: { file: 'xsa506.patch', sha256: '4b'.repeat(32) },
    compiler: 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0',
  },
  functions: [
    {
      name: 'do_dm_op',
      file: undefined,
      kind: 'changed',
      oldAddress: virtualAddress(0xffff82d040200000n),
      oldByteLength: 312,
      newByteLength: 340,
    },
    {
      name: 'new_part',
      file: 'common/dm.c',
      kind: 'added',
      oldAddress: undefined,
      oldByteLength: undefined,
      newByteLength: 40,
    },
  ],
  forms: [
    {
      kind: 'livepatch',
      member: 'payload.livepatch',
      payloadVersion: 2,
      payloadBuildId: PAYLOAD,
      interfaces: ['4.17'],
    },
    {
      kind: 'splice',
      member: 'payload.livepatch',
      reasons: [],
      sideBySide: 'neither takes a lock',
      study: 'splice.json',
    },
  ],
  payload: smallPayloadBytes(),
  study: {
    functions: [
      {
        name: 'do_dm_op',
        at: 0x20_0000,
        reachedBy: { from: 0x20_1000, to: 0x20_0000, form: 'call' },
        arrivals: { certain: [0], possible: [] },
      },
    ],
    unrunnable: { amd: [], intel: [{ name: 'vmx_exit', at: 0x20_2000 }] },
  },
  fix: undefined,
}

/** A fix file for the same build. */
export const WRITTEN = `reweave-fix: 1
name: xsa-108
advisory: XSA-108
title: Reads beyond a page – of MSRs
base:
  build-id: ${XEN}
  version: 4.17.5+72-g01140da4e8-1
changes:
  - edit: guest_rdmsr+0x2a
    why: The range ends where the page does.
    expect: 81 ff ff 0b 00 00
    put: 81 ff ff 08 00 00
...
`
