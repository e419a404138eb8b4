/**
 * A small payload and the image that it is for, made without a compiler.
 *
 * @module
 */

import type { Patch } from '../../diff/patch.ts'
import { R_X86_64, SHF } from '../../elf/definitions.ts'
import type { Image } from '../../image/image.ts'
import { sampleImage } from '../../image/testing/sample-image.ts'
import { emitLivepatch } from '../emit-livepatch.ts'
import type { Payload, PayloadVersion } from '../payload.ts'
import { describePayloadReason } from '../payload-reason.ts'
import { describePayloadRefusal } from '../payload-refusal.ts'
import { readPayload } from '../read-payload.ts'
import { sampleDigest } from './sample-digest.ts'

/** `check` and the static `helper`, 32 bytes each, in an image of plain NOPs. */
export function smallImage(): Image {
  return sampleImage({
    text: new Uint8Array(256).fill(0x90),
    symbols: [
      { name: 'check', offset: 0, byteLength: 32 },
      { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
      { name: 'printk', offset: 64, byteLength: 16 },
      { name: 'tiny', offset: 80, byteLength: 4 },
      { name: 'alias', offset: 0, byteLength: 32 },
    ],
  })
}

/** Both functions get new code, which calls `printk`, and one shows a string. */
export function smallPatch(): Patch {
  const code = SHF.ALLOC | SHF.EXECINSTR
  return {
    pieces: [
      {
        id: 'check.o:.text.check',
        object: 'check.o',
        section: '.text.check',
        flags: code,
        entryBytes: 0,
        alignment: 16,
        content: Uint8Array.of(0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xc3),
        relocations: [
          {
            at: 3,
            type: R_X86_64.PC32,
            target: { kind: 'piece', piece: 'check.o:.rodata.str', offset: 0 },
            addend: -4n,
          },
          {
            at: 8,
            type: R_X86_64.PLT32,
            target: { kind: 'image', symbol: { name: 'printk', file: undefined } },
            addend: -4n,
          },
        ],
      },
      {
        id: 'check.o:.text.helper',
        object: 'check.o',
        section: '.text.helper',
        flags: code,
        entryBytes: 0,
        alignment: 16,
        content: Uint8Array.of(0x31, 0xc0, 0xc3),
        relocations: [],
      },
      {
        id: 'check.o:.rodata.str',
        object: 'check.o',
        section: '.rodata.check.str1.1',
        flags: SHF.ALLOC | SHF.MERGE | SHF.STRINGS,
        entryBytes: 1,
        alignment: 1,
        content: Uint8Array.of(0x6f, 0x6b, 0),
        relocations: [],
      },
    ],
    symbols: [
      {
        name: 'check',
        file: undefined,
        kind: 'function',
        piece: 'check.o:.text.check',
        offset: 0,
        byteLength: 13,
      },
    ],
    replacements: [
      {
        symbol: { name: 'check', file: undefined },
        piece: 'check.o:.text.check',
        oldByteLength: 32,
        newByteLength: 13,
      },
      {
        symbol: { name: 'helper', file: 'common/check.c' },
        piece: 'check.o:.text.helper',
        oldByteLength: 32,
        newByteLength: 3,
      },
    ],
  }
}

/** The file of the small patch for the small image. */
export function smallPayloadBytes(version: PayloadVersion = 2): Uint8Array {
  return emitted(smallPatch(), smallImage(), version)
}

/** The bytes of a payload that has to come about. */
export function emitted(patch: Patch, image: Image, version: PayloadVersion = 2): Uint8Array {
  const info = [
    ['name', 'xsa-1'],
    ['made-by', 'a test = this'],
  ] as const
  const result = emitLivepatch({ patch, image, version, info, digest: sampleDigest })
  if (result.kind === 'emitted') return result.bytes
  throw new Error(result.reasons.map(describePayloadReason).join('\n'))
}

/** A payload that has to be readable. */
export function readWell(bytes: Uint8Array): Payload {
  const result = readPayload(bytes)
  if (result.kind === 'read') return result.payload
  throw new Error(describePayloadRefusal(result.refusal))
}
