import type { ObjectProof } from '../baseline/object-proof.ts'
import { summariseProofs } from '../baseline/summarise-proofs.ts'
import type { SymbolName } from '../diff/patch.ts'
import type { Reason } from '../diff/reason.ts'
import { type BaselineRefusal, describeBaselineRefusal } from './baseline-refusal.ts'
import type { BuildReason, BuildVerdict } from './build-report.ts'
import { describePatchRefusal, type PatchRefusal } from './patch-refusal.ts'
import type { BaselineProof } from './prove-baseline.ts'

/** A build ended without a bundle. Caught by `buildHotfix`. */
export class Refused extends Error {
  readonly verdict: Exclude<BuildVerdict, 'built'>
  readonly reasons: readonly BuildReason[]

  constructor(verdict: Exclude<BuildVerdict, 'built'>, reasons: readonly BuildReason[]) {
    super(verdict)
    this.verdict = verdict
    this.reasons = reasons
  }
}

export function baselineRefused(refusal: BaselineRefusal): Refused {
  const sentence = describeBaselineRefusal(refusal)
  const reason = { kind: refusal.kind, object: undefined, symbol: undefined, sentence }
  return new Refused('baseline-differs', [reason])
}

/** Refusals of patches that apply, and still cannot be built. */
const NOT_FOR_HOTFIXES: readonly PatchRefusal['kind'][] = [
  'touches-no-hypervisor',
  'needs-rebuilt-tool',
  'changes-the-build',
]

export function patchRefused(refusals: readonly PatchRefusal[]): Refused {
  const verdict = refusals.every(({ kind }) => NOT_FOR_HOTFIXES.includes(kind))
    ? 'refused'
    : 'does-not-apply'
  const reasons = refusals.map((refusal) => ({
    kind: refusal.kind,
    object: undefined,
    symbol: undefined,
    sentence: describePatchRefusal(refusal),
  }))
  return new Refused(verdict, reasons)
}

export function notProven(
  symbol: SymbolName,
  object: string | undefined,
  { proofs }: BaselineProof,
): Reason {
  const found = summariseProofs(relevant(proofs, symbol)).exceptions.map(({ sentence }) => sentence)
  return {
    kind: 'baseline-not-proven',
    object,
    symbol: symbol.name,
    found: found.join('; ') || 'the baseline has no such function',
  }
}

/** The proofs of this symbol alone. */
function relevant(proofs: readonly ObjectProof[], symbol: SymbolName): readonly ObjectProof[] {
  return proofs.map((proof) => ({
    ...proof,
    functions: proof.functions.filter(
      (each) => each.symbol.name === symbol.name && each.symbol.file === symbol.file,
    ),
  }))
}
