import { SHF } from '../elf/definitions.ts'
import type { Image, SymbolLookup } from '../image/image.ts'
import { isBranchHole } from './branch-hole.ts'
import type { ObjectDiff } from './diff-objects.ts'
import { gate } from './gate.ts'
import { dropUnneeded } from './needed-pieces.ts'
import type { Patch, Piece, PieceRelocation, PieceSymbol, SymbolName } from './patch.ts'
import { isRelative } from './raw-reference.ts'
import { inObject, type Reason } from './reason.ts'

/** Who knows the symbols of the running hypervisor: its `Image`, or part of it. */
export type SymbolSource = Pick<Image, 'find'>

export interface JoinedPatch {
  readonly patch: Patch
  /** What stands in the way beside the reasons of the single diffs. */
  readonly reasons: readonly Reason[]
}

/**
 * Makes one patch of those of several objects.
 *
 * What one object needs and another adds or replaces is linked inside the patch, by the rules of
 * a single diff: direct jumps and calls go to new code, pointers to a replaced function stay the
 * old one's address. Everything else must be in the running hypervisor, under one name only.
 * Pieces that no replaced function needs are dropped, and their reasons with them. The order of
 * `diffs` is that of the patch.
 */
export function joinPatches(diffs: readonly ObjectDiff[], image: SymbolSource): JoinedPatch {
  const patches = diffs.map(({ patch }) => patch)
  const globals = globalDefinitions(patches)
  const replaced = new Set(
    diffs.flatMap(({ patch: { replacements }, markedAnew }) =>
      replacements
        .filter(({ symbol, piece }) => symbol.file === undefined && !markedAnew.includes(piece))
        .map(({ piece }) => piece),
    ),
  )
  const exposed = new Map(
    diffs.flatMap((diff) => diff.exposed.map(({ name, symbol }) => [name, symbol])),
  )
  const pieces = patches.flatMap((patch) =>
    patch.pieces.map((piece) => retarget(piece, { globals: globals.byName, replaced, exposed })),
  )
  const joined = dropUnneeded({
    pieces,
    symbols: patches.flatMap(({ symbols }) => symbols),
    replacements: patches.flatMap(({ replacements }) => replacements),
  })
  const needed = new Set(joined.pieces.map(({ id }) => id))
  const ifNeeded = diffs.flatMap(({ reasonsIfNeeded }) => reasonsIfNeeded)
  const reasons = gate(
    globals.reasons,
    ifNeeded.filter(({ piece }) => needed.has(piece)).map(({ reason }) => reason),
    unresolved(joined, image),
    definedTwice(joined, { diffs, image }),
  )
  return { patch: joined, reasons }
}

interface Definitions {
  readonly byName: ReadonlyMap<string, PieceSymbol>
  readonly reasons: readonly Reason[]
}

function globalDefinitions(patches: readonly Patch[]): Definitions {
  const byName = new Map<string, PieceSymbol>()
  const definers = new Map<string, string[]>()
  for (const { pieces, symbols } of patches) {
    const objects = new Map(pieces.map(({ id, object }) => [id, object]))
    for (const symbol of symbols) {
      if (symbol.file !== undefined) continue
      byName.set(symbol.name, symbol)
      const list = definers.get(symbol.name) ?? []
      definers.set(symbol.name, [...list, objects.get(symbol.piece) ?? ''])
    }
  }
  const reasons = [...definers]
    .filter(([, objects]) => objects.length > 1)
    .map(([symbol, objects]) =>
      inObject(objects[0], { kind: 'symbol-defined-twice', symbol, objects }),
    )
  return { byName, reasons }
}

function retarget(
  piece: Piece,
  patch: {
    readonly globals: ReadonlyMap<string, PieceSymbol>
    readonly replaced: ReadonlySet<string>
    readonly exposed: ReadonlyMap<string, SymbolName>
  },
): Piece {
  const relocations = piece.relocations.map((relocation): PieceRelocation => {
    const { target } = relocation
    if (target.kind === 'piece' || target.symbol.file !== undefined) return relocation
    const { name } = target.symbol
    const definition = patch.globals.get(name)
    const staysOld = definition === undefined || patch.replaced.has(definition.piece)
    if (definition !== undefined && (!staysOld || isBranch(piece, relocation))) {
      const { piece: id, offset } = definition
      return { ...relocation, target: { kind: 'piece', piece: id, offset } }
    }
    const symbol = patch.exposed.get(name)
    return symbol === undefined ? relocation : { ...relocation, target: { kind: 'image', symbol } }
  })
  return { ...piece, relocations }
}

/** Data may hold any byte in front of a pointer, so only a distance in code counts. */
function isBranch({ content, flags }: Piece, { at, type }: PieceRelocation): boolean {
  const isCode = (flags & SHF.EXECINSTR) !== 0n
  return isCode && isRelative(type) && content instanceof Uint8Array && isBranchHole(content, at)
}

/** What the hypervisor does not have, or has several of. */
function unresolved(patch: Patch, image: SymbolSource): Reason[] {
  const labels = new Map(patch.symbols.map(({ piece, name }) => [piece, name]))
  const reasons: Reason[] = []
  const check = (symbol: SymbolName, user: string, object: string): void => {
    const found = look(image, symbol)
    const { name } = symbol
    if (found.kind === 'not-found') {
      reasons.push(inObject(object, { kind: 'symbol-unresolved', symbol: name, user }))
    } else if (found.kind === 'ambiguous') {
      const candidates = found.candidates.map(
        ({ name, file, address }) =>
          `${file === undefined ? name : `${file}#${name}`} at 0x${address.toString(16)}`,
      )
      reasons.push(inObject(object, { kind: 'symbol-ambiguous', symbol: name, user, candidates }))
    }
  }
  for (const { id, object, relocations } of patch.pieces) {
    for (const { target } of relocations) {
      if (target.kind === 'image') check(target.symbol, labels.get(id) ?? id, object)
    }
  }
  const objects = new Map(patch.pieces.map(({ id, object }) => [id, object]))
  for (const { symbol, piece } of patch.replacements) {
    check(symbol, 'the patch', objects.get(piece) ?? piece)
  }
  return reasons
}

/**
 * New symbols of which the hypervisor has one already: a function or variable that moved from one
 * object to another. A copy of what was freed after boot is none.
 */
function definedTwice(
  patch: Patch,
  known: { readonly diffs: readonly ObjectDiff[]; readonly image: SymbolSource },
): Reason[] {
  const copied = new Set(
    known.diffs.flatMap(({ notes }) =>
      notes.filter(({ kind }) => kind === 'init-code-copied').map(({ symbol }) => symbol),
    ),
  )
  const replaced = new Set(patch.replacements.map(({ piece }) => piece))
  const objects = new Map(patch.pieces.map(({ id, object }) => [id, object]))
  return patch.symbols
    .filter(({ name, file, piece }) => {
      if (file !== undefined || replaced.has(piece) || copied.has(name)) return false
      return look(known.image, { name, file }).kind === 'found'
    })
    .map(({ name, piece }) => {
      const object = objects.get(piece) ?? piece
      const definers = [object, 'the running hypervisor']
      return inObject(object, { kind: 'symbol-defined-twice', symbol: name, objects: definers })
    })
}

/** A static symbol must be found in its own file: another file's namesake is not meant. */
function look(image: SymbolSource, { name, file }: SymbolName): SymbolLookup {
  if (file !== undefined) return image.find(`${file}#${name}`)
  const found = image.find(name)
  if (found.kind === 'found' && found.symbol.binding === 'local') return { kind: 'not-found' }
  return found
}
