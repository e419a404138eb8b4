import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import { type AddressRange, rangeEnd } from '../address/address-range.ts'
import type { Image, ImageSymbol } from './image.ts'
import { isCodePadding } from './nop.ts'

/** Bytes of a `jmp rel32`, the least that a relay takes (Intel SDM volume 2A, JMP: E9 cd). */
export const RELAY_BYTES = 5

/** A run of padding between the end of a function and the next symbol. */
export interface FunctionPadding extends AddressRange<VirtualAddress> {
  /** The function in front of it. Whether that one can run off its end is not known here. */
  readonly behind: ImageSymbol
}

/** The bytes behind `.text` that are mapped with it: up to the end of its last page. */
export function paddingBehindText(image: Image): AddressRange<VirtualAddress> {
  const start = rangeEnd<VirtualAddress>(image.text)
  return { start, byteLength: image.textWithPadding.byteLength - image.text.byteLength }
}

/**
 * All padding between the functions of `.text`, by rising address.
 *
 * A run begins where a function ends and goes on to the next symbol of whatever kind; all of it
 * is NOPs and INT3, and no symbol covers any of it. A compiler ends functions with instructions
 * that do not fall through, so nothing executes such bytes. Hand-written assembly may fall
 * through them: a planner that means to use a run decodes the function named in `behind` first.
 */
// Runs behind labels without a size, as assembly has them, are left out: where their code ends
// is not known, and what looks like padding may be executed as part of it. Bytes that no symbol
// covers and that are not wholly padding are code without a symbol; they are left out whole.
export function paddingBetweenFunctions(image: Image): FunctionPadding[] {
  const { text } = image
  const textEnd = rangeEnd<VirtualAddress>(text)
  const runs: FunctionPadding[] = []
  let owner: ImageSymbol | undefined
  let covered: bigint = text.start

  const endRun = (limit: bigint): void => {
    if (owner?.kind !== 'function' || owner.byteLength === 0 || limit <= covered) return
    const run = { start: virtualAddress(covered), byteLength: Number(limit - covered) }
    const bytes = image.bytesAt(run)
    if (bytes !== undefined && isCodePadding(bytes)) runs.push({ ...run, behind: owner })
  }

  for (const symbol of image.symbols) {
    if (symbol.address < text.start) continue
    if (symbol.address >= textEnd) break
    endRun(symbol.address)
    const end = symbol.address + BigInt(symbol.byteLength)
    if (end > covered || symbol.address >= covered) {
      covered = end
      owner = symbol
    }
  }
  endRun(textEnd)
  return runs
}
