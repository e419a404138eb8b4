import type { VirtualAddress } from '../address/address.ts'
import type { Patch, Piece, Replacement, SymbolName } from '../diff/patch.ts'
import { RELOCATION_WIDTHS } from '../elf/definitions.ts'
import type { SymbolDraft } from '../elf/draft.ts'
import type { Image } from '../image/image.ts'
import type { PayloadPlan, PlannedFunction } from './assemble-payload.ts'
import { ENDBR64 } from '../x86/endbr64.ts'
import { beginsWithEndbr } from '../image/begins-with-endbr.ts'
import { bootRewrites, lastingBytes } from './boot-rewrites.ts'
import { findSymbol } from './find-symbol.ts'
import {
  JUMP_BYTES,
  LINKED_TYPES,
  LIVEPATCH,
  MAX_ALIGNMENT,
  MAX_EXPECTED_BYTES,
  NOT_FOR_PAYLOADS,
} from './livepatch-format.ts'
import { nameTarget } from './name-target.ts'
import type { PayloadReason } from './payload-reason.ts'
import { sectionArea } from './section-area.ts'
import { xenName, type XenNames } from './xen-names.ts'

export type PayloadPlanned =
  | { readonly kind: 'planned'; readonly plan: PayloadPlan }
  | { readonly kind: 'refused'; readonly reasons: readonly PayloadReason[] }

/**
 * What goes into a payload, with every name resolved: all that stands in the way is found here.
 *
 * @throws RangeError when the patch contradicts itself
 */
export function planPayload(patch: Patch, image: Image, names: XenNames): PayloadPlanned {
  const pieces = new Map(patch.pieces.map((piece) => [piece.id, piece]))
  if (pieces.size !== patch.pieces.length) throw new RangeError('Two pieces have one id')
  const reasons: PayloadReason[] = patch.pieces.flatMap(pieceReasons)
  const targets = nameTargets(patch, image, names, reasons)
  const functions = planFunctions(patch, pieces, image, reasons)
  if (patch.replacements.length === 0) {
    reasons.push({ kind: 'nothing-replaced', object: undefined, symbol: undefined })
  }
  if (reasons.length > 0) return { kind: 'refused', reasons }
  return { kind: 'planned', plan: { patch, functions, targets } }
}

/** What of a piece Xen's loader does not take, whatever it is for. */
function pieceReasons(piece: Piece): PayloadReason[] {
  const where = { object: piece.object, symbol: piece.id, section: piece.section }
  const reasons: PayloadReason[] = []
  const area = sectionArea(piece.flags)
  if (area === 'unsupported' || area === 'not-loaded') {
    const found =
      area === 'not-loaded' ? 'it is not loaded' : 'it is of a sort that Xen gives no memory'
    reasons.push({ kind: 'section-not-understood', ...where, found })
  } else if (
    NOT_FOR_PAYLOADS.test(piece.section) ||
    piece.section.startsWith('.livepatch.') ||
    piece.section === LIVEPATCH.MODINFO
  ) {
    const found = 'its name has another meaning in a payload'
    reasons.push({ kind: 'section-not-understood', ...where, found })
  }
  if (piece.alignment > MAX_ALIGNMENT) {
    const facts = { found: piece.alignment, wantedAtMost: MAX_ALIGNMENT }
    reasons.push({ kind: 'alignment-too-large', ...where, ...facts })
  }
  for (const { at, type } of piece.relocations) {
    if (LINKED_TYPES.has(type)) {
      const end = at + (RELOCATION_WIDTHS.get(type) ?? 0)
      if (!(piece.content instanceof Uint8Array) || end > piece.content.byteLength) {
        throw new RangeError(`A relocation leaves ${piece.id}`)
      }
      continue
    }
    const { object } = piece
    reasons.push({
      kind: 'relocation-not-supported',
      object,
      symbol: undefined,
      user: piece.id,
      at,
      type,
    })
  }
  return reasons
}

function nameTargets(
  patch: Patch,
  image: Image,
  names: XenNames,
  reasons: PayloadReason[],
): ReadonlyMap<string, SymbolDraft> {
  const targets = new Map<string, SymbolDraft>()
  const refused = new Set<string>()
  for (const piece of patch.pieces) {
    for (const { target } of piece.relocations) {
      if (target.kind !== 'image') continue
      const name = xenName(target.symbol)
      if (targets.has(name) || refused.has(name)) continue
      const named = nameTarget(image, names, target.symbol)
      if (named.kind === 'named') {
        targets.set(name, named.symbol)
        continue
      }
      refused.add(name)
      const where = { object: piece.object, symbol: name, user: piece.id }
      reasons.push(
        named.kind === 'not-found'
          ? { kind: 'symbol-unresolved', ...where }
          : { kind: 'symbol-ambiguous', ...where, candidates: named.candidates.map(xenName) },
      )
    }
  }
  return targets
}

function planFunctions(
  patch: Patch,
  pieces: ReadonlyMap<string, Piece>,
  image: Image,
  reasons: PayloadReason[],
): readonly PlannedFunction[] {
  const rewrites = bootRewrites(image)
  const functions = new Map<VirtualAddress, PlannedFunction>()
  for (const replacement of patch.replacements) {
    const piece = pieces.get(replacement.piece)
    if (piece === undefined) throw new RangeError(`${replacement.piece} is no piece of the patch`)
    const name = xenName(replacement.symbol)
    const where = { object: piece.object, symbol: name }
    const entry = findEntry(image, replacement, where, reasons)
    if (entry === undefined) continue
    const other = functions.get(entry)
    if (other !== undefined) {
      reasons.push({ kind: 'function-replaced-twice', ...where, other: other.name })
      continue
    }
    const expected = lastingBytes(image, rewrites, {
      start: entry,
      byteLength: Math.min(replacement.oldByteLength, MAX_EXPECTED_BYTES),
    })
    functions.set(entry, {
      name,
      oldAddress: entry,
      oldByteLength: replacement.oldByteLength,
      piece: replacement.piece,
      newByteLength: replacement.newByteLength,
      expected: expected === undefined || expected.length === 0 ? undefined : expected,
    })
  }
  return [...functions.values()]
}

interface Where {
  readonly object: string | undefined
  readonly symbol: string
}

/** The replaced function's address, if the image has it as the patch says and a jump fits. */
function findEntry(
  image: Image,
  replacement: Replacement,
  where: Where,
  reasons: PayloadReason[],
): VirtualAddress | undefined {
  const found = findFunction(image, replacement.symbol, where, reasons)
  if (found === undefined) return undefined
  const { oldByteLength } = replacement
  if (found.byteLength !== oldByteLength) {
    const facts = { foundBytes: found.byteLength, wantedBytes: oldByteLength }
    reasons.push({ kind: 'function-length-differs', ...where, ...facts })
    return undefined
  }
  const neededBytes = JUMP_BYTES + (beginsWithEndbr(image, found.address) ? ENDBR64.length : 0)
  if (oldByteLength < neededBytes) {
    const facts = { byteLength: oldByteLength, neededBytes }
    reasons.push({ kind: 'function-too-short', ...where, ...facts })
    return undefined
  }
  return found.address
}

function findFunction(
  image: Image,
  symbol: SymbolName,
  where: Where,
  reasons: PayloadReason[],
): { readonly address: VirtualAddress; readonly byteLength: number } | undefined {
  const found = findSymbol(image, symbol)
  switch (found.kind) {
    case 'found':
      return found.symbol
    case 'not-found':
      reasons.push({ kind: 'symbol-unresolved', ...where, user: 'the replacement' })
      return undefined
    case 'ambiguous':
      reasons.push({
        kind: 'symbol-ambiguous',
        ...where,
        user: 'the replacement',
        candidates: found.candidates.map(xenName),
      })
      return undefined
  }
}
