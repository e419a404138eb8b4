import { describeElfRefusal, type ElfRefusal } from '../elf/refusal.ts'

/** Why a file was not taken for a payload: Xen's loader would reject it, or worse, take it. */
export type PayloadRefusal =
  /** No ELF64 file at all, or a malformed one; a cut file is among these. */
  | { readonly kind: 'not-readable'; readonly refusal: ElfRefusal }
  | { readonly kind: 'not-relocatable'; readonly found: string }
  | { readonly kind: 'too-large'; readonly foundBytes: number; readonly wantedAtMostBytes: number }
  /** A field of the file's header. */
  | {
      readonly kind: 'bad-header'
      readonly field: string
      readonly found: number
      readonly wanted: string
    }
  | { readonly kind: 'no-symbols' }
  /** A string table that does not begin and end with a NUL. */
  | { readonly kind: 'bad-strings'; readonly section: string }
  | {
      readonly kind: 'bad-section'
      readonly section: string
      readonly field: string
      readonly found: bigint
      readonly wanted: string
    }
  | { readonly kind: 'section-missing'; readonly section: string }
  | { readonly kind: 'section-twice'; readonly section: string }
  /** A section that the loader reads and that is not among those it loads. */
  | { readonly kind: 'section-not-loaded'; readonly section: string }
  | {
      readonly kind: 'bad-section-size'
      readonly section: string
      readonly foundBytes: bigint
      readonly wanted: string
    }
  /** Neither functions to replace nor hooks to run. */
  | { readonly kind: 'nothing-to-apply' }
  | { readonly kind: 'bad-symbol'; readonly symbol: string; readonly found: string }
  | {
      readonly kind: 'bad-relocation'
      readonly section: string
      readonly offset: bigint
      readonly type: number
      readonly found: string
    }
  | { readonly kind: 'unknown-version'; readonly function: number; readonly found: number }
  /** A pointer in `.livepatch.funcs` that no relocation fills, or that leads nowhere sensible. */
  | {
      readonly kind: 'bad-pointer'
      readonly function: number
      readonly field: 'name' | 'new_addr' | 'old_addr'
      readonly found: string
    }
  | {
      readonly kind: 'bad-function-size'
      readonly function: string
      readonly field: 'new_size' | 'old_size'
      readonly foundBytes: number
      readonly wanted: string
    }
  /** Bytes of an entry that are Xen's own are not 0. */
  | { readonly kind: 'reserved-not-zero'; readonly function: string; readonly at: number }
  | { readonly kind: 'bad-expectation'; readonly function: string; readonly found: string }
  | { readonly kind: 'bad-note'; readonly section: string; readonly found: string }
  | { readonly kind: 'bad-info'; readonly found: string }
  /** `.altinstructions` has an entry on which Xen would stop the machine, or that is not understood. */
  | { readonly kind: 'bad-alternative'; readonly entry: number; readonly found: string }

/** One sentence for people, without a full stop. */
export function describePayloadRefusal(refusal: PayloadRefusal): string {
  return `Not a payload that Xen can take: ${sentenceOf(refusal)}`
}

function sentenceOf(refusal: PayloadRefusal): string {
  switch (refusal.kind) {
    case 'not-readable':
      return describeElfRefusal(refusal.refusal)
    case 'not-relocatable':
      return `it is an ${refusal.found} file, wanted a relocatable one`
    case 'too-large':
      return `it has ${refusal.foundBytes} bytes, wanted at most ${refusal.wantedAtMostBytes}`
    case 'bad-header':
      return `${refusal.field} is ${refusal.found}, wanted ${refusal.wanted}`
    case 'no-symbols':
      return 'it has no symbol table'
    case 'bad-strings':
      return `${refusal.section} does not begin and end with a NUL`
    case 'bad-section':
      return `${refusal.field} of ${refusal.section} is ${refusal.found}, wanted ${refusal.wanted}`
    case 'section-missing':
      return `it has no ${refusal.section}`
    case 'section-twice':
      return `it has several sections called ${refusal.section}, of which Xen reads the first`
    case 'section-not-loaded':
      return `${refusal.section} is not among the sections that are loaded`
    case 'bad-section-size':
      return `${refusal.section} has ${refusal.foundBytes} bytes, wanted ${refusal.wanted}`
    case 'nothing-to-apply':
      return 'it replaces no function and has no hooks'
    case 'bad-symbol':
      return `symbol ${refusal.symbol} ${refusal.found}`
    case 'bad-relocation':
      return (
        `the relocation of type ${refusal.type} at ${refusal.offset} in ${refusal.section} ` +
        refusal.found
      )
    case 'unknown-version':
      return `function ${refusal.function} is of version ${refusal.found}, wanted 1 or 2 in all`
    case 'bad-pointer':
      return `${refusal.field} of function ${refusal.function} ${refusal.found}`
    case 'bad-function-size':
      return `${refusal.field} of ${refusal.function} is ${refusal.foundBytes}, wanted ${refusal.wanted}`
    case 'reserved-not-zero':
      return `byte ${refusal.at} of the entry of ${refusal.function} is for Xen alone, wanted 0`
    case 'bad-expectation':
      return `the expectation of ${refusal.function} ${refusal.found}`
    case 'bad-note':
      return `${refusal.section} ${refusal.found}`
    case 'bad-info':
      return `.modinfo ${refusal.found}`
    case 'bad-alternative':
      return `entry ${refusal.entry} of .altinstructions ${refusal.found}`
  }
}
