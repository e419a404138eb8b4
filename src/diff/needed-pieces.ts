import { tableKind } from './attached-table.ts'
import type { Patch, Piece } from './patch.ts'

/**
 * The patch without what no replaced function needs, directly or through others.
 *
 * Entries of special sections are needed with the function that they are about, though nothing
 * refers to them.
 */
export function dropUnneeded(patch: Patch): Patch {
  const pieces = new Map(patch.pieces.map((piece) => [piece.id, piece]))
  const entries = Map.groupBy(
    patch.pieces.filter(({ section }) => tableKind(section) !== undefined),
    subject,
  )
  const needed = new Set<string>()
  const pending = patch.replacements.map(({ piece }) => piece)
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (needed.has(id)) continue
    needed.add(id)
    for (const { target } of pieces.get(id)?.relocations ?? []) {
      if (target.kind === 'piece') pending.push(target.piece)
    }
    pending.push(...(entries.get(id) ?? []).map((entry) => entry.id))
  }
  return {
    pieces: patch.pieces.filter(({ id }) => needed.has(id)),
    symbols: patch.symbols.filter(({ piece }) => needed.has(piece)),
    replacements: patch.replacements,
  }
}

/** The piece that an entry is about: its first field says where. */
function subject(entry: Piece): string | undefined {
  const target = entry.relocations.find(({ at }) => at === 0)?.target
  return target?.kind === 'piece' ? target.piece : undefined
}
