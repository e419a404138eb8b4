import type { ObjectProof } from '../baseline/object-proof.ts'
import { summariseProofs } from '../baseline/summarise-proofs.ts'
import type { Patch, SymbolName } from '../diff/patch.ts'
import type { Reason } from '../diff/reason.ts'
import { BUNDLE_LIMITS } from '../hotfix/manifest.ts'
import { type BaselineRefusal, describeBaselineRefusal } from './baseline-refusal.ts'
import type { BuildReason, BuildVerdict } from './build-report.ts'
import { describePatchRefusal, type PatchRefusal } from './patch-refusal.ts'
import type { PatchedBuild } from './patched-build.ts'
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

/** Nothing that the patch touches is compiled with this configuration. */
export function notInThisBuild(files: readonly string[]): Refused {
  return refused(
    'not-in-this-build',
    `no object of this configuration is made from ${files.join(', ')}, so the hypervisor ` +
      'that runs has none of it; there is nothing to patch',
  )
}

/** One reason for each error that the compiler told, or its last words. */
export function doesNotCompile(
  failed: Extract<PatchedBuild, { readonly kind: 'does-not-compile' }>,
): Refused {
  const { errors, lastWords } = failed
  const said =
    errors.length > 0
      ? errors.map(({ file, line, message }) => `xen/${file}:${line}: ${message}`)
      : [`\n${lastWords.join('\n')}`]
  return new Refused(
    'refused',
    said.map((each) => ({
      kind: 'does-not-compile',
      object: undefined,
      symbol: undefined,
      sentence: `the patched source does not compile: ${each}`,
    })),
  )
}

/** @throws Refused where a patch that nothing speaks against has nothing in it, or too much */
export function refusePatch(
  patch: Patch,
  objects: { readonly compiled: number; readonly changed: readonly string[] },
): void {
  const { replacements, symbols } = patch
  if (replacements.length === 0) {
    const { compiled, changed } = objects
    throw refused(
      'nothing-replaced',
      changed.length === 0
        ? 'the patch changes no code of this hypervisor: ' +
            `${compiled === 1 ? 'the one object' : `all ${compiled} objects`} that it touches came ` +
            'out as before, as where it changes comments or what is not compiled in; there is ' +
            'nothing to patch'
        : `the patch replaces no function of this hypervisor: what it brings to ${changed.join(', ')} ` +
            'is used by nothing that runs; there is nothing to patch',
    )
  }
  const functions = symbols.filter(({ kind }) => kind === 'function').length
  const { functions: wantedAtMost } = BUNDLE_LIMITS
  if (functions <= wantedAtMost && replacements.length <= wantedAtMost) return
  throw refused(
    'too-many-functions',
    `the patch changes ${Math.max(functions, replacements.length)} functions, and a hotfix holds ` +
      `at most ${wantedAtMost}; divide the patch`,
  )
}

function refused(kind: string, sentence: string): Refused {
  return new Refused('refused', [{ kind, object: undefined, symbol: undefined, sentence }])
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
