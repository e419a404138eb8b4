import type { Place } from './fix.ts'

/** How a place is written, for messages. */
export const PLACE_WANTED = 'a symbol or file.c#symbol, and perhaps +0x and its offset'

const SHAPE =
  /^((?:[A-Za-z0-9_][A-Za-z0-9_./-]*#)?[A-Za-z_.$][A-Za-z0-9_.$]*)(?:\+0x([0-9a-f]{1,6}))?$/

/** The place written as `text`, such as `do_dm_op+0x3` or `dm.c#dm_op`; undefined if it is none. */
export function parsePlace(text: string, longestSymbol: number): Place | undefined {
  if (text.length > longestSymbol + '+0xffffff'.length) return undefined
  const [, symbol, offset] = SHAPE.exec(text) ?? []
  if (symbol === undefined || symbol.length > longestSymbol) return undefined
  return { symbol, offset: offset === undefined ? 0 : Number.parseInt(offset, 16) }
}

/** The place as a fix file writes it. */
export function formatPlace(place: Place): string {
  return place.offset === 0 ? place.symbol : `${place.symbol}+0x${place.offset.toString(16)}`
}
