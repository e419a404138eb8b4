import { advance, type VirtualAddress } from '../../address/address.ts'
import { decode } from '../../x86/decode.ts'
import type { Effect } from '../../x86/effect.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'
import { readEffect } from '../../x86/read-effect.ts'

/**
 * The registers that a function overwrites before it reads them, as far as its first instructions
 * tell up to a branch or whatever else is not known: it does not depend on what they held when it
 * was called.
 */
export function unreadRegisters(
  code: Uint8Array,
  address: VirtualAddress,
): ReadonlySet<GeneralRegister> {
  const read = new Set<GeneralRegister>()
  const unread = new Set<GeneralRegister>()
  for (const instruction of decode(code, address).instructions) {
    const { offset, byteLength, flow } = instruction
    if (flow !== 'next') break
    const at = advance(address, offset)
    const touched = touchedBy(readEffect(code.subarray(offset, offset + byteLength), at))
    if (touched === undefined) break
    for (const register of touched.reads) read.add(register)
    for (const register of touched.writes) if (!read.has(register)) unread.add(register)
  }
  return unread
}

interface Touched {
  readonly reads: readonly GeneralRegister[]
  readonly writes: readonly GeneralRegister[]
}

function touchedBy(effect: Effect): Touched | undefined {
  switch (effect.kind) {
    case 'set':
      return { reads: [effect.from], writes: [effect.to] }
    case 'fill':
      return { reads: [effect.to], writes: [effect.to] }
    case 'push':
      return { reads: effect.from === undefined ? [] : [effect.from], writes: [] }
    case 'store':
      return { reads: effect.reads, writes: [] }
    case 'compute':
      return { reads: effect.reads, writes: effect.writes }
    case 'opaque':
      return undefined
  }
}
