import { R_X86_64, RELOCATION_WIDTHS } from '../elf/definitions.ts'
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from '../elf/elf-file.ts'
import { isBranchHole } from './branch-hole.ts'
import type { OddSymbol } from './atom.ts'

/** A relocation of one section, with its target found as far as the symbol table tells. */
export interface RawReference {
  readonly at: number
  readonly byteLength: number
  readonly type: number | 'baked'
  readonly addend: bigint
  readonly isBranch: boolean
  readonly target: RawTarget
}

export type RawTarget =
  /** A symbol that people named, at its place: whatever the addend, it is meant. */
  | { readonly kind: 'symbol'; readonly symbol: ElfSymbol; readonly section: number }
  /** A place in a section; the symbol says nothing. `offset` is the place that is meant. */
  | { readonly kind: 'place'; readonly section: number; readonly offset: number }
  | { readonly kind: 'external'; readonly name: string }
  | { readonly kind: 'odd-symbol'; readonly name: string; readonly found: OddSymbol }

/** How far behind the beginning of a hole the instruction ends, which a target is relative to. */
export type EndOfInstruction = (at: number) => number

/**
 * The references of one section by rising place.
 *
 * The assembler replaces local symbols by their section and an offset, and in instructions that
 * offset has the distance from the hole to the instruction's end taken off. `endOfInstruction` is
 * asked for it where the hole's surroundings do not tell.
 */
export function readRawReferences(
  elf: ElfFile,
  section: ElfSection,
  options: {
    readonly isText: boolean
    readonly relocations: readonly ElfRelocation[]
    readonly endOfInstruction: EndOfInstruction
  },
): RawReference[] {
  const references: RawReference[] = []
  for (const relocation of options.relocations) {
    if (relocation.type === R_X86_64.NONE) continue
    const at = Number(relocation.offset)
    const byteLength = RELOCATION_WIDTHS.get(relocation.type) ?? 4
    const isBranch =
      options.isText && section.bytes !== undefined && isBranchHole(section.bytes, at)
    // The reader of ELF files has checked that the index names a symbol.
    const symbol = elf.symbols[relocation.symbol] as ElfSymbol
    const bias = (): number => {
      if (!options.isText || !isRelative(relocation.type)) return 0
      return isBranch ? byteLength : options.endOfInstruction(at)
    }
    const { target, addend } = aim(symbol, relocation.addend, bias)
    references.push({ at, byteLength, type: relocation.type, addend, isBranch, target })
  }
  return references.sort((one, other) => one.at - other.at)
}

/** Whether the hole holds a distance from itself. */
export function isRelative(type: number | 'baked'): boolean {
  return (
    type === R_X86_64.PC32 ||
    type === R_X86_64.PLT32 ||
    type === R_X86_64.PC64 ||
    type === R_X86_64.PC16 ||
    type === R_X86_64.PC8
  )
}

/** Labels that the compiler numbers: they mean nothing from one build to the next. */
export function isNumberedLabel(name: string): boolean {
  return name === '' || name.startsWith('.L')
}

function aim(
  symbol: ElfSymbol,
  addend: bigint,
  bias: () => number,
): { readonly target: RawTarget; readonly addend: bigint } {
  const odd = oddness(symbol)
  if (odd !== undefined) {
    return { target: { kind: 'odd-symbol', name: symbol.name, found: odd }, addend }
  }
  if (typeof symbol.section !== 'number') {
    return { target: { kind: 'external', name: symbol.name }, addend }
  }
  const { section } = symbol
  if (symbol.kind !== 'section' && !isNumberedLabel(symbol.name)) {
    return { target: { kind: 'symbol', symbol, section }, addend }
  }
  const distance = BigInt(bias())
  const offset = Number(symbol.value + addend + distance)
  return { target: { kind: 'place', section, offset }, addend: -distance }
}

function oddness(symbol: ElfSymbol): OddSymbol | undefined {
  if (symbol.section === 'absolute' || symbol.section === 'common') return symbol.section
  if (symbol.kind === 'common') return 'common'
  if (symbol.kind === 'thread-local' || symbol.kind === 'indirect-function') return symbol.kind
  return undefined
}
