import type { VirtualAddress } from '../address/address.ts'
import { R_X86_64 } from '../elf/definitions.ts'
import type { ElfFile, ElfRelocation } from '../elf/elf-file.ts'
import { viewOf } from '../elf/struct-layout.ts'
import type { LinkRefusal } from './link-refusal.ts'
import type { References } from './references.ts'
import type { XenNames } from './xen-names.ts'

/** A payload while it is linked. */
export interface Link {
  readonly elf: ElfFile
  readonly references: References
  readonly names: XenNames
  readonly places: ReadonlyMap<number, VirtualAddress>
  readonly refuse: (refusal: LinkRefusal) => void
}

/** S + A of the psABI's formulas, undefined once it is refused. */
export function targetAddress(
  link: Link,
  relocation: ElfRelocation,
  section: string,
): bigint | undefined {
  const target = link.references.target(relocation)
  if (target === undefined) {
    const offset = Number(relocation.offset)
    link.refuse({ kind: 'relocation-unsupported', section, offset, type: relocation.type })
    return undefined
  }
  switch (target.kind) {
    case 'address':
      return target.address
    case 'section': {
      const place = link.places.get(target.section)
      if (place !== undefined) return place + BigInt(target.offset)
      const name = link.elf.sections[target.section]?.name ?? ''
      link.refuse({ kind: 'section-without-place', section: name })
      return undefined
    }
    case 'name': {
      const address = resolveName(link, target.name)
      return address === undefined ? undefined : address + target.addend
    }
  }
}

/** Where Xen's loader would find the symbol, undefined once it is refused. */
export function resolveName(link: Link, symbol: string): VirtualAddress | undefined {
  const found = link.names.lookUp(symbol)
  switch (found.kind) {
    case 'found':
      return found.address
    case 'not-found':
      link.refuse({ kind: 'symbol-not-found', symbol })
      return undefined
    case 'ambiguous':
      link.refuse({ kind: 'symbol-ambiguous', symbol, foundCount: found.addresses.length })
      return undefined
  }
}

/** Fills one hole (psABI AMD64 4.4): 64 is S + A, PC32 and PLT32 are S + A - P. */
export function fillHole(
  link: Link,
  bytes: Uint8Array,
  at: number,
  type: number,
  target: bigint,
  from: VirtualAddress,
  where: { readonly section: string; readonly offset: number },
): void {
  const view = viewOf(bytes)
  switch (type) {
    case R_X86_64.NONE:
      return
    case R_X86_64[64]:
      view.setBigUint64(at, BigInt.asUintN(64, target), true)
      return
    case R_X86_64.PC32:
    case R_X86_64.PLT32: {
      const displacement = BigInt.asIntN(64, target - from)
      if (BigInt.asIntN(32, displacement) === displacement) {
        view.setInt32(at, Number(displacement), true)
      } else {
        link.refuse({ kind: 'out-of-reach', ...where, target })
      }
      return
    }
    default:
      link.refuse({ kind: 'relocation-unsupported', ...where, type })
  }
}
