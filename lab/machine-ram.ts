import { closeSync, openSync, readSync } from 'node:fs'
import { hex, type MachineAddress } from '../src/address/address.ts'

/** How a machine's RAM lies in its address space. */
export interface RamLayout {
  readonly chipset: 'pc' | 'q35'
  readonly ramBytes: number
}

const GIB = 1024 ** 3
const FOUR_GIB = 4 * GIB

/**
 * Where in the RAM file the byte with this machine address lies; undefined where no RAM is.
 */
// QEMU 7.2 splits RAM at the hole below 4 GiB (hw/i386/pc_piix.c pc_init1, pc_q35.c pc_q35_init):
// pc has 3 GiB below when RAM reaches 3.5 GiB, q35 has 2 GiB below when RAM reaches 2.75 GiB; with
// less, all of it is below.
export function ramOffset(layout: RamLayout, address: MachineAddress): number | undefined {
  const { ramBytes } = layout
  const [limit, split] = layout.chipset === 'pc' ? [3.5 * GIB, 3 * GIB] : [2.75 * GIB, 2 * GIB]
  const below = ramBytes >= limit ? split : ramBytes
  if (address < BigInt(below)) return Number(address)
  const offset = Number((address as bigint) - BigInt(FOUR_GIB)) + below
  return address >= BigInt(FOUR_GIB) && offset < ramBytes ? offset : undefined
}

/**
 * Reads a machine's RAM from outside, at the moment at which it is called; the machine runs on.
 *
 * What the machine writes meanwhile may be seen in part.
 *
 * @throws RangeError when the range is not all RAM
 */
export function readRamFile(
  file: string,
  layout: RamLayout,
  address: MachineAddress,
  byteLength: number,
): Uint8Array {
  const offset = ramOffset(layout, address)
  const last = ramOffset(layout, (address + BigInt(Math.max(byteLength - 1, 0))) as MachineAddress)
  if (offset === undefined || last === undefined || last - offset !== Math.max(byteLength - 1, 0)) {
    throw new RangeError(`Cannot read ${byteLength} bytes at ${hex(address)}: not all of it is RAM`)
  }
  const bytes = new Uint8Array(byteLength)
  const descriptor = openSync(file, 'r')
  try {
    let done = 0
    while (done < byteLength) {
      const got = readSync(descriptor, bytes, done, byteLength - done, offset + done)
      if (got === 0) throw new RangeError(`Cannot read RAM at ${hex(address)}: the file is shorter`)
      done += got
    }
    return bytes
  } finally {
    closeSync(descriptor)
  }
}
