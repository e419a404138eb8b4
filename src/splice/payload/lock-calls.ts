import type { VirtualAddress } from '../../address/address.ts'
import { contains, type AddressRange } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import { scanReferences } from '../../x86/scan-references.ts'
import { coldPartsOf } from '../cold-part.ts'

/** Functions that take or give back a lock, as far as their names say. */
export interface LockCalls {
  readonly old: readonly string[]
  readonly new: readonly string[]
}

/** Code that lies at an address. */
export interface PlacedCode {
  readonly start: VirtualAddress
  readonly bytes: Uint8Array
}

/**
 * The lock functions that the replaced functions call, and those that the new code calls, each
 * name once and sorted.
 *
 * Locks that the compiler put into the code itself do not show.
 */
export function lockCalls(
  image: Image,
  replaced: readonly ImageSymbol[],
  code: readonly PlacedCode[],
): LockCalls {
  const old = [...replaced, ...coldPartsOf(image, replaced)].flatMap((symbol) => {
    const range = { start: symbol.address, byteLength: symbol.byteLength }
    const bytes = image.bytesAt(range)
    return bytes === undefined ? [] : [{ start: range.start, bytes }]
  })
  return { old: calledLocks(image, old), new: calledLocks(image, code) }
}

/** Whether the two sides call the same ones. */
export function sameLocks({ old, new: after }: LockCalls): boolean {
  return old.length === after.length && old.every((name, index) => name === after[index])
}

/** `lock`, `unlock`, `trylock`; not `block` or `clock`. */
const LOCK_NAME = /(?<![bc])lock/u

function calledLocks(image: Image, code: readonly PlacedCode[]): readonly string[] {
  const names = new Set<string>()
  for (const { start, bytes } of code) {
    const own: AddressRange<VirtualAddress> = { start, byteLength: bytes.byteLength }
    scanReferences(bytes, start, {
      reference: (_, target, form) => {
        const address = target as VirtualAddress
        if (form === 'operand' || contains(own, { start: address, byteLength: 0 })) return
        const callee = image.functionAt(address)
        if (callee === undefined || !LOCK_NAME.test(callee.name)) return
        if (address - callee.address <= ENDBR_BYTES) names.add(callee.name)
      },
    })
  }
  return [...names].toSorted()
}

/** A direct call may arrive behind the `endbr64` of an entry. */
const ENDBR_BYTES = 4n
