import { hex, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, describeRange } from '../address/address-range.ts'
import { describeElfRefusal, type ElfRefusal } from '../elf/refusal.ts'

/** Why a file was not taken for a hypervisor image with symbols. */
export type ImageRefusal =
  /** No ELF64 file at all, or a malformed one. */
  | { readonly kind: 'not-readable'; readonly refusal: ElfRefusal }
  /** The file that a boot loader takes: ELF32, gzip or PE, all without symbols. */
  | { readonly kind: 'boot-file'; readonly format: 'ELF32' | 'gzip' | 'PE' }
  | { readonly kind: 'not-linked'; readonly found: string }
  | { readonly kind: 'no-symbols' }
  | { readonly kind: 'build-id-not-found'; readonly foundCount: number }
  | { readonly kind: 'bad-build-id'; readonly foundBytes: number }
  | { readonly kind: 'no-text' }
  /** `_start` or `_end` is missing, or several symbols bear the name. */
  | { readonly kind: 'bound-not-found'; readonly symbol: string; readonly foundCount: number }
  | {
      readonly kind: 'bounds-implausible'
      readonly start: VirtualAddress
      readonly end: VirtualAddress
      readonly wantedAtMostBytes: number
    }
  | {
      readonly kind: 'symbol-implausible'
      readonly symbol: string
      readonly foundBytes: bigint
      readonly wantedAtMostBytes: number
    }
  /** A loaded section that lies outside of `_start` to `_end`. */
  | {
      readonly kind: 'section-outside-image'
      readonly section: string
      readonly foundStart: bigint
      readonly foundBytes: bigint
      readonly wanted: AddressRange<VirtualAddress>
    }
  | { readonly kind: 'sections-overlap'; readonly first: string; readonly second: string }
  /** A boot loader would not put the section's bytes at the section's address. */
  | { readonly kind: 'section-not-loaded'; readonly section: string }

/** One sentence for people, without a full stop, that says what to give instead where it can. */
export function describeImageRefusal(refusal: ImageRefusal): string {
  switch (refusal.kind) {
    case 'not-readable':
      return describeElfRefusal(refusal.refusal)
    case 'boot-file':
      return (
        `Cannot read the image: this is the ${refusal.format} file that boots, which has no ` +
        'symbols; give the xen-syms file of the same build instead (Debian: the -dbg package)'
      )
    case 'not-linked':
      return `Cannot read the image: the ELF file is ${refusal.found}, wanted executable`
    case 'no-symbols':
      return (
        'Cannot read the image: it has no symbol table; give the xen-syms file of the same ' +
        'build instead'
      )
    case 'build-id-not-found':
      return (
        `Cannot read the image: it has ${refusal.foundCount} GNU build-id notes in loaded ` +
        'sections, wanted one'
      )
    case 'bad-build-id':
      return `Cannot read the image: its build-id has ${refusal.foundBytes} bytes, wanted 8 to 32`
    case 'no-text':
      return 'Cannot read the image: it has no executable section .text with bytes'
    case 'bound-not-found':
      return (
        `Cannot read the image: ${refusal.foundCount} symbols are named ${refusal.symbol}, ` +
        'wanted one'
      )
    case 'bounds-implausible':
      return (
        `Cannot read the image: _start is ${hex(refusal.start)} and _end ${hex(refusal.end)}, ` +
        `wanted _end behind _start by at most ${hex(refusal.wantedAtMostBytes)} bytes`
      )
    case 'symbol-implausible':
      return (
        `Cannot read the image: the symbol ${refusal.symbol} has ${hex(refusal.foundBytes)} ` +
        `bytes, wanted at most ${hex(refusal.wantedAtMostBytes)}`
      )
    case 'section-outside-image':
      return (
        `Cannot read the image: ${refusal.section} at ${hex(refusal.foundStart)}, ` +
        `${hex(refusal.foundBytes)} bytes, is not within ${describeRange(refusal.wanted)}`
      )
    case 'sections-overlap':
      return `Cannot read the image: ${refusal.first} and ${refusal.second} share addresses`
    case 'section-not-loaded':
      return (
        `Cannot read the image: no loaded segment holds the bytes of ${refusal.section} at its ` +
        'address'
      )
  }
}
