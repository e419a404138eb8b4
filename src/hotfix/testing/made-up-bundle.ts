import { virtualAddress } from '../../address/address.ts'
import { SHF, SHT } from '../../elf/definitions.ts'
import { encodeNote } from '../../elf/note.ts'
import type { SectionDraft } from '../../elf/draft.ts'
import { writeElf } from '../../elf/write.ts'
import { type BuildId, parseBuildId } from '../../image/build-id.ts'
import type { BundleDraft } from '../write-bundle.ts'

export const XEN: BuildId = buildIdOf('39')
export const PAYLOAD: BuildId = buildIdOf('5a')

/** A build-id of 20 equal bytes. */
export function buildIdOf(byte: string): BuildId {
  const id = parseBuildId(byte.repeat(20))
  if (id === undefined) throw new RangeError(`'${byte}' is no byte`)
  return id
}

function bytesOf(id: BuildId): Uint8Array {
  return Uint8Array.from({ length: id.length / 2 }, (_, index) =>
    Number.parseInt(id.slice(2 * index, 2 * index + 2), 16),
  )
}

/** An ELF file that has a payload's notes, and nothing to apply. */
export function payloadFile(own: BuildId = PAYLOAD, xen: BuildId = XEN): Uint8Array {
  const note = (name: string, id: BuildId): SectionDraft => ({
    name,
    type: SHT.NOTE,
    flags: SHF.ALLOC,
    alignment: 4,
    content: encodeNote({ owner: 'GNU', type: 3, descriptor: bytesOf(id) }),
  })
  const sections = [
    note('.note.gnu.build-id', own),
    note('.livepatch.depends', xen),
    note('.livepatch.xen_depends', xen),
  ]
  return writeElf({ type: 'relocatable', sections })
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
    },
  ],
  payload: payloadFile(),
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
