import { describe, expect, it } from 'vitest'
import type { BuildVerdict } from '../build/build-report.ts'
import { buildExit } from './build-exit.ts'
import type { ExitName } from './exit-code.ts'

const CASES: readonly (readonly [BuildVerdict, readonly string[], ExitName])[] = [
  ['built', [], 'ok'],
  ['does-not-apply', ['does-not-apply'], 'doesNotApply'],
  ['does-not-apply', ['file-missing'], 'doesNotApply'],
  ['does-not-apply', ['applies-only-with-fuzz', 'applies-only-with-fuzz'], 'onlyWithFuzz'],
  ['does-not-apply', ['applies-only-with-fuzz', 'does-not-apply'], 'doesNotApply'],
  ['does-not-apply', ['already-applied'], 'alreadyApplied'],
  ['does-not-apply', ['already-applied', 'applies-only-with-fuzz'], 'doesNotApply'],
  ['does-not-apply', ['patch-empty'], 'badPatch'],
  ['baseline-differs', ['baseline-not-proven', 'baseline-not-proven'], 'baselineDiffers'],
  ['baseline-differs', ['other-compiler'], 'otherCompiler'],
  ['baseline-differs', ['source-other-version'], 'otherSource'],
  ['refused', ['data-changed', 'layout-changed'], 'cannotPatch'],
  ['refused', ['touches-no-hypervisor'], 'nothingToPatch'],
  ['refused', ['needs-rebuilt-tool'], 'needsTool'],
  ['refused', ['does-not-compile', 'does-not-compile'], 'doesNotCompile'],
]

describe('buildExit()', () => {
  it.each(CASES)('of %s for %j is that of all of its reasons', (verdict, kinds, exit) => {
    const reasons = kinds.map((kind) => ({
      kind,
      object: undefined,
      symbol: undefined,
      sentence: '',
    }))
    expect(buildExit({ verdict, reasons })).toBe(exit)
  })
})
