import type { ObjectProof, ProvenSymbol, SymbolProof } from './object-proof.ts'

/** Whether the image has exactly this function, or differs only in texts that say who built it. */
export function isProvenVerdict({ verdict }: SymbolProof): boolean {
  return verdict.kind === 'identical' || verdict.kind === 'explained'
}

/**
 * Whether a function of the objects may be replaced in the image: there is a proof of it, and
 * none of a function of its name (and file, for a static one) that fails.
 */
// Two objects may define one global name, as a library and what goes before it. Only one of them
// was linked, and the caller may mean the other.
export function isProven(proofs: readonly ObjectProof[], symbol: ProvenSymbol): boolean {
  const bearers = proofs
    .flatMap((proof) => proof.functions)
    .filter((proof) => proof.symbol.name === symbol.name && proof.symbol.file === symbol.file)
  return bearers.length > 0 && bearers.every(isProvenVerdict)
}
