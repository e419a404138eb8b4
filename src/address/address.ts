/**
 * Addresses as the hypervisor and its hardware know them, one type per address space.
 *
 * A virtual address is Xen's own view of its image. A machine address is what a memory
 * controller, and a device's DMA, understand. Mixing them up writes to the wrong memory, so
 * neither is a plain `bigint`, and nothing here adds an address of one space to one of another.
 *
 * @module
 */

declare const space: unique symbol

/** An address in the running hypervisor's virtual address space. */
export type VirtualAddress = bigint & { readonly [space]: 'virtual' }

/** A host physical address (Xen: maddr). */
export type MachineAddress = bigint & { readonly [space]: 'machine' }

/** The number of a 4 KiB frame of machine memory (Xen: mfn). */
export type MachineFrame = bigint & { readonly [space]: 'machine-frame' }

export type Address = VirtualAddress | MachineAddress

/** Bytes in a frame. */
export const FRAME_BYTES = 4096

export function virtualAddress(value: bigint): VirtualAddress {
  return within64Bits(value) as VirtualAddress
}

export function machineAddress(value: bigint): MachineAddress {
  return within64Bits(value) as MachineAddress
}

export function machineFrame(value: bigint): MachineFrame {
  return within64Bits(value) as MachineFrame
}

/** The machine address of a frame's first byte. */
export function frameStart(frame: MachineFrame): MachineAddress {
  return machineAddress(frame * BigInt(FRAME_BYTES))
}

/** The address `bytes` further up (or, when negative, down) in the same space. */
export function advance<A extends Address>(address: A, bytes: number): A {
  return within64Bits(address + BigInt(bytes)) as A
}

/**
 * Bytes from `from` up to `to`; negative when `to` lies below.
 *
 * @throws RangeError when the distance is no safe integer
 */
export function distance<A extends Address>(from: A, to: A): number {
  const bytes = Number((to as bigint) - from)
  if (!Number.isSafeInteger(bytes)) {
    throw new RangeError(`Distance from ${hex(from)} to ${hex(to)} is too large to count in bytes`)
  }
  return bytes
}

/** The address rounded down to a multiple of `alignment` (a power of two). */
export function alignDown<A extends Address>(address: A, alignment: number): A {
  return (address & ~BigInt(alignment - 1)) as A
}

/** The address rounded up to a multiple of `alignment` (a power of two). */
export function alignUp<A extends Address>(address: A, alignment: number): A {
  return alignDown(advance(address, alignment - 1), alignment)
}

/** `0x` and lower-case hexadecimal digits, as addresses are written everywhere in Reweave. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`
}

function within64Bits(value: bigint): bigint {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new RangeError(`${value.toString()} is not a 64-bit address`)
  }
  return value
}
