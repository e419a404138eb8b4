/**
 * The values that relocations leave in their holes, forwards and backwards.
 *
 * psABI AMD64 4.4.1, "Relocation Types": S is the symbol's value, A the addend, P the hole's place.
 *
 * @module
 */

import { R_X86_64 } from '../elf/definitions.ts'
import type { ElfRelocation } from '../elf/elf-file.ts'

const ADDRESS_BITS = 64

/** Whether the value counts from the hole. Undefined for types that are not computed here. */
function isRelative(type: number): boolean | undefined {
  switch (type) {
    case R_X86_64.PC32:
    case R_X86_64.PLT32:
    case R_X86_64.PC16:
    case R_X86_64.PC8:
    case R_X86_64.PC64:
      return true
    case R_X86_64[64]:
    case R_X86_64[32]:
    case R_X86_64['32S']:
    case R_X86_64[16]:
    case R_X86_64[8]:
      return false
    default:
      return undefined
  }
}

export function isComputed(type: number): boolean {
  return isRelative(type) !== undefined
}

/**
 * S + A, or S + A - P, cut to the hole's width.
 *
 * A PLT32 against a function of the image is a PC32: Xen has no procedure linkage table (its
 * linker script asserts that `.plt` is empty).
 */
export function holeValue(
  relocation: ElfRelocation,
  hole: { readonly address: bigint; readonly byteLength: number },
  symbol: bigint,
): bigint {
  const sum = symbol + relocation.addend
  const value = isRelative(relocation.type) === true ? sum - hole.address : sum
  return BigInt.asUintN(hole.byteLength * 8, value)
}

/**
 * The S that leaves `value` in the hole: the one nearest to the hole, for relative types, and the
 * one in the image's own 4 GiB for absolute ones that are cut to fewer than 8 bytes.
 */
export function symbolBehind(
  relocation: ElfRelocation,
  hole: { readonly address: bigint; readonly byteLength: number },
  value: bigint,
): bigint {
  const bits = hole.byteLength * 8
  const relative = isRelative(relocation.type) === true
  const distance = value - relocation.addend + (relative ? 0n : -hole.address)
  return BigInt.asUintN(ADDRESS_BITS, hole.address + BigInt.asIntN(bits, distance))
}

/** The little-endian number in the first `byteLength` bytes from `at` on. */
export function readHole(bytes: Uint8Array, at: number, byteLength: number): bigint {
  let value = 0n
  for (let index = byteLength - 1; index >= 0; index -= 1) {
    value = (value << 8n) | BigInt(bytes[at + index] ?? 0)
  }
  return value
}
