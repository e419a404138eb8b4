/**
 * Parts of a machine that boots in a moment: instead of Xen, a kernel of a few instructions that
 * prints a line and halts. For tests of what happens around a machine, not in it.
 *
 * @module
 */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildIdFromBytes } from '../../src/image/build-id.ts'
import type { LabParts } from '../parts.ts'

export const TINY_READY_LINE = 'TINY READY'

/** Writes the parts into a directory. Their Dom0 never answers over ssh: there is none. */
export function tinyParts(directory: string): LabParts {
  mkdirSync(directory, { recursive: true })
  const file = (name: string, bytes: Uint8Array): string => {
    const at = path.join(directory, name)
    writeFileSync(at, bytes)
    return at
  }
  const disk = (name: string): string => {
    const at = file(name, new Uint8Array())
    truncateSync(at, 1024 * 1024)
    return at
  }
  const nothing = Uint8Array.of(0)
  const buildId = buildIdFromBytes(new Uint8Array(20))
  if (buildId === undefined) throw new Error('20 bytes are no build-id')
  return {
    dom0: {
      disk: disk('disk.img'),
      kernel: file('kernel', nothing),
      initrd: file('initrd', nothing),
      commandLine: '',
      sshKey: file('key', nothing),
      sshKnownHosts: file('known_hosts', nothing),
      readyLine: TINY_READY_LINE,
    },
    guest: { kernel: '', initramfs: '' },
    kitDisk: disk('kit.img'),
    hypervisor: {
      multiboot: file('tiny', tinyKernel(`${TINY_READY_LINE}\n`)),
      syms: '',
      config: '',
      version: 'tiny',
      buildId,
    },
  }
}

const LOADED_AT = 0x10_0000
const HEADER_BYTES = 32
/** Multiboot 0.6.96, section 3.1.1; flag 16: the header itself says where to load. */
const MAGIC = 0x1bad_b002
const ADDRESSES_GIVEN = 1 << 16

/** A multiboot image that writes the text to the first serial port and halts. */
function tinyKernel(text: string): Uint8Array {
  const message = new TextEncoder().encode(`${text}\0`)
  const code = (messageAt: number): readonly number[] =>
    [
      [0xba, 0xf8, 0x03, 0x00, 0x00], //      mov $0x3f8, %edx
      [0xbe, ...bytes32(messageAt)], //       mov $message, %esi
      [0xac], //                        next: lodsb
      [0x84, 0xc0], //                        test %al, %al
      [0x74, 0x03], //                        jz halt
      [0xee], //                               outb %al, %dx
      [0xeb, 0xf8], //                    jmp next
      [0xfa, 0xf4, 0xeb, 0xfd], //      halt: cli; hlt; jmp to hlt
    ].flat()
  const entry = LOADED_AT + HEADER_BYTES
  const messageAt = entry + code(0).length
  const end = messageAt + message.length
  const checksum = -(MAGIC + ADDRESSES_GIVEN)
  const header = [MAGIC, ADDRESSES_GIVEN, checksum, LOADED_AT, LOADED_AT, end, end, entry]
  return Uint8Array.from([...header.flatMap(bytes32), ...code(messageAt), ...message])
}

function bytes32(value: number): readonly number[] {
  return [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff)
}
