import { hex, type VirtualAddress } from '../address/address.ts'

/** Why a payload cannot be linked to the places given. */
export type LinkRefusal =
  | { readonly kind: 'section-without-place'; readonly section: string }
  | {
      readonly kind: 'place-misaligned'
      readonly section: string
      readonly found: VirtualAddress
      readonly wantedAlignment: number
    }
  | { readonly kind: 'symbol-not-found'; readonly symbol: string }
  | { readonly kind: 'symbol-ambiguous'; readonly symbol: string; readonly foundCount: number }
  | {
      readonly kind: 'relocation-unsupported'
      readonly section: string
      readonly offset: number
      readonly type: number
    }
  | {
      readonly kind: 'out-of-reach'
      readonly section: string
      readonly offset: number
      readonly target: bigint
    }
  | { readonly kind: 'alternative-unsupported'; readonly entry: number; readonly why: string }
  | { readonly kind: 'call-site-unsupported'; readonly entry: number }

/** One sentence for people, without a full stop. */
export function describeLinkRefusal(refusal: LinkRefusal): string {
  switch (refusal.kind) {
    case 'section-without-place':
      return `Something refers to ${refusal.section}, which was given no place`
    case 'place-misaligned':
      return (
        `${refusal.section} was placed at ${hex(refusal.found)}, ` +
        `wanted a multiple of ${refusal.wantedAlignment}`
      )
    case 'symbol-not-found':
      return `The payload needs ${refusal.symbol}, which this build does not have`
    case 'symbol-ambiguous':
      return `The payload needs ${refusal.symbol}, of which this build has ${refusal.foundCount}`
    case 'relocation-unsupported':
      return (
        `Byte ${refusal.offset} of ${refusal.section} has a relocation of type ${refusal.type}, ` +
        'which is not one that a payload may have'
      )
    case 'out-of-reach':
      return (
        `Byte ${refusal.offset} of ${refusal.section} refers to ${hex(refusal.target)}, ` +
        'which is too far away'
      )
    case 'alternative-unsupported':
      return `Entry ${refusal.entry} of .altinstructions cannot be applied: ${refusal.why}`
    case 'call-site-unsupported':
      return `Entry ${refusal.entry} of .alt_call_sites names no call by a pointer in the new code`
  }
}
