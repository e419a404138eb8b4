import { describeVerdict } from './describe-verdict.ts'
import { isProvenVerdict } from './is-proven.ts'
import type { ObjectProof, ProvenSymbol, SymbolProof, Verdict } from './object-proof.ts'

/** A function that is not byte for byte the image's. */
export interface Exception {
  readonly object: string
  readonly symbol: ProvenSymbol
  readonly kind: Exclude<Verdict['kind'], 'identical'>
  /** It is known why, and the image is of the same source all the same. */
  readonly harmless: boolean
  /** For people, without a full stop. */
  readonly sentence: string
}

export interface ProofSummary {
  readonly functions: number
  readonly identical: number
  readonly explained: number
  readonly different: number
  readonly notInImage: number
  /** All that are not identical, those that differ first. */
  readonly exceptions: readonly Exception[]
}

const ORDER: readonly Verdict['kind'][] = ['different', 'explained', 'not-in-image', 'identical']

/** What the proofs of a build come to, for a report. */
export function summariseProofs(proofs: readonly ObjectProof[]): ProofSummary {
  const settled = settleDuplicates(proofs).flatMap((proof) =>
    proof.functions.map((each) => ({ object: proof.object, proof: each })),
  )
  const count = (kind: Verdict['kind']): number =>
    settled.filter(({ proof }) => proof.verdict.kind === kind).length
  const exceptions = settled.flatMap(({ object, proof }): Exception[] => {
    const { kind } = proof.verdict
    if (kind === 'identical') return []
    const sentence = describeVerdict(object, proof)
    return [{ object, symbol: proof.symbol, kind, harmless: isHarmless(proof), sentence }]
  })
  exceptions.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
  return {
    functions: settled.length,
    identical: count('identical'),
    explained: count('explained'),
    different: count('different'),
    notInImage: count('not-in-image'),
    exceptions,
  }
}

function isHarmless({ verdict }: SymbolProof): boolean {
  if (verdict.kind === 'not-in-image') return verdict.reason !== 'unknown'
  return verdict.kind !== 'different'
}

/**
 * The proofs, once a global function that differs counts as not linked where another object is
 * proven to be the one that the image has it from: `memcpy` of `lib/memcpy.o`, which gives way to
 * that of `arch/x86/string.o`.
 */
export function settleDuplicates(proofs: readonly ObjectProof[]): ObjectProof[] {
  const proven = new Set(
    proofs
      .flatMap((proof) => proof.functions)
      .filter((proof) => proof.symbol.file === undefined && isProvenVerdict(proof))
      .map((proof) => proof.symbol.name),
  )
  const settle = (proof: SymbolProof): SymbolProof => {
    if (proof.verdict.kind !== 'different' || proof.symbol.file !== undefined) return proof
    if (!proven.has(proof.symbol.name)) return proof
    return { ...proof, verdict: { kind: 'not-in-image', reason: 'defined-elsewhere' } }
  }
  return proofs.map((proof) => ({ ...proof, functions: proof.functions.map(settle) }))
}
