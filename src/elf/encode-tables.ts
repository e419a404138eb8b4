import { RELA, SHN, SYMBOL } from './definitions.ts'
import {
  ElfDraftError,
  type RelocationDraft,
  type SectionDraft,
  type SymbolDraft,
} from './draft.ts'
import type { StringTableBuilder } from './string-table-builder.ts'
import { viewOf, writeStruct } from './struct-layout.ts'
import { SYMBOL_BINDINGS, SYMBOL_KINDS, VISIBILITIES } from './symbol-table.ts'

/** The symbols in the order of the table, behind its reserved entry 0. */
export interface OrderedSymbols {
  readonly symbols: readonly SymbolDraft[]
  /** `sh_info` of the table: one more than the index of the last local symbol. */
  readonly firstGlobal: number
  readonly indexes: ReadonlyMap<SymbolDraft, number>
}

/** Puts local symbols before all others (gABI: Symbol Table, "Symbol Binding"). */
export function orderSymbols(drafts: readonly SymbolDraft[]): OrderedSymbols {
  const locals = drafts.filter((symbol) => symbol.binding === 'local')
  const others = drafts.filter((symbol) => symbol.binding !== 'local')
  const symbols = [...locals, ...others]
  const indexes = new Map(symbols.map((symbol, index) => [symbol, index + 1]))
  return { symbols, firstGlobal: locals.length + 1, indexes }
}

export function encodeSymbols(
  ordered: OrderedSymbols,
  sectionIndexes: ReadonlyMap<SectionDraft, number>,
  names: StringTableBuilder,
): Uint8Array {
  const bytes = new Uint8Array((ordered.symbols.length + 1) * SYMBOL.byteLength)
  const view = viewOf(bytes)
  for (const [index, symbol] of ordered.symbols.entries()) {
    writeStruct(view, (index + 1) * SYMBOL.byteLength, SYMBOL, {
      st_name: names.add(symbol.name),
      st_info: (SYMBOL_BINDINGS[symbol.binding] << 4) | SYMBOL_KINDS[symbol.kind],
      st_other: VISIBILITIES[symbol.visibility ?? 'default'],
      st_shndx: sectionIndex(symbol, sectionIndexes),
      st_value: symbol.value,
      st_size: symbol.byteLength ?? 0n,
    })
  }
  return bytes
}

export function encodeRelocations(
  relocations: readonly RelocationDraft[],
  symbolIndexes: ReadonlyMap<SymbolDraft, number>,
): Uint8Array {
  const bytes = new Uint8Array(relocations.length * RELA.byteLength)
  const view = viewOf(bytes)
  for (const [index, { offset, type, symbol, addend }] of relocations.entries()) {
    const number = symbol === undefined ? 0 : symbolIndexes.get(symbol)
    if (number === undefined) {
      throw new ElfDraftError(`A relocation names ${symbol?.name ?? ''}, which the draft lacks`)
    }
    writeStruct(view, index * RELA.byteLength, RELA, {
      r_offset: offset,
      r_info: (BigInt(number) << 32n) | BigInt(type),
      r_addend: addend,
    })
  }
  return bytes
}

function sectionIndex(symbol: SymbolDraft, indexes: ReadonlyMap<SectionDraft, number>): number {
  switch (symbol.section) {
    case 'undefined':
      return SHN.UNDEF
    case 'absolute':
      return SHN.ABS
    case 'common':
      return SHN.COMMON
    default: {
      const index = indexes.get(symbol.section)
      if (index === undefined) {
        throw new ElfDraftError(`${symbol.name} lies in a section that the draft lacks`)
      }
      return index
    }
  }
}
