import { describe, expect, it } from 'vitest'
import { renderBuildReport } from './build-report-text.ts'
import { SAMPLE_REPORT } from './testing/sample-report.ts'

const FUNCTIONS = Array.from({ length: 130 }, (_, index) => ({
  name: `function_${index}`,
  file: undefined,
  object: 'common/dm.o',
  oldBytes: 10,
  newBytes: 20,
}))

describe('renderBuildReport()', () => {
  it('says of a hotfix what it rests on, names what is explained, and counts what is not linked', () => {
    expect(renderBuildReport(SAMPLE_REPORT)).toBe(
      `\
xsa-506: built
  base       4.17.5+72-g01140da4e8-1, build-id 39a640e6f1412319235087391df9f1c5e13ae920
  baseline   4551 of 4551 functions proven: 4550 identical, 1 explained, 0 different (proof from the
             cache)
             xen_compile_date of common/version.o differs only in a text that says how the image was
             built: 'Thu Jan  1', not 'Fri Jan  2', which is harmless
             2 more functions of the source are not linked into the image, which is harmless
  objects    3 compiled again, 2 changed: common/dm.o, arch/x86/hvm/dm.o
  replaced   dm_op (arch/x86/hvm/dm.c): 3483 → 3485 bytes
  new        check_buffers: 60 bytes
  livepatch  12016 bytes, version 2, for Xen 4.14 to 4.21
  splice     not possible
             check_buffers needs an entry of the exception table
  note       without effect on x86: xen/arch/arm/dm.c
  written    xsa-506.hotfix: 17408 bytes

1 function replaced, 1 new, 0 reasons against it, 3.9 s`,
    )
  })

  it('gives every reason against a patch first, and names 20 of its functions', () => {
    const reason = {
      kind: 'data-changed',
      object: 'common/timer.o',
      symbol: 'timer_slop',
      sentence:
        'common/timer.o: variable timer_slop (.data.read_mostly) starts with 40 instead of 50 at ' +
        'byte 0, but the running hypervisor already holds its own value',
    }
    const text = renderBuildReport({
      ...SAMPLE_REPORT,
      verdict: 'refused',
      reasons: [reason, { ...reason, kind: 'does-not-compile', sentence: 'ends:\ncc1: no room' }],
      functions: { changed: FUNCTIONS, added: [] },
      forms: [],
      notes: [],
      hotfix: undefined,
    })
    const lines = text.split('\n')
    expect(lines.slice(0, 6)).toEqual([
      'xsa-506: cannot be patched; nothing was written',
      '  ✗ common/timer.o: variable timer_slop (.data.read_mostly) starts with 40 instead of 50 at byte 0,',
      '    but the running hypervisor already holds its own value [data-changed]',
      '  ✗ ends:',
      '    cc1: no room',
      '    [does-not-compile]',
    ])
    expect(lines.filter((line) => line.startsWith('  replaced'))).toHaveLength(20)
    expect(lines.slice(-4)).toEqual([
      '  replaced   function_19: 10 → 20 bytes',
      '             and 110 more; --json has them all',
      '',
      '130 functions replaced, 0 new, 2 reasons against it, 3.9 s',
    ])
  })

  it('names what differs with no known reason', () => {
    const sentence = "dm_op of arch/x86/hvm/dm.o is not the image's: at byte 3 the image has 90"
    const { baseline } = SAMPLE_REPORT
    if (baseline === undefined) throw new Error('The sample has a baseline')
    const text = renderBuildReport({
      ...SAMPLE_REPORT,
      baseline: {
        ...baseline,
        identical: 4549,
        different: 1,
        differences: [
          {
            object: 'arch/x86/hvm/dm.o',
            symbol: 'dm_op',
            kind: 'different',
            harmless: false,
            sentence,
          },
          ...baseline.differences,
        ],
      },
    })
    expect(text).toContain(
      '4550 of 4551 functions proven: 4549 identical, 1 explained, 1 different',
    )
    expect(text).toContain(`\n             ${sentence}\n`)
  })
})
