import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { FunctionSweeps } from './function-sweeps.ts'
import {
  hypervisorOf,
  type SampleHypervisor,
  type SamplePart,
} from './payload/testing/sample-hypervisor.ts'
import { functionOf, imageOf, type SampleFunction, sampleAddress } from './testing/sample-splice.ts'

/** The free runs near bytes of an image, as offsets, lengths and whether they lie in a function. */
function near(functions: readonly SampleFunction[], offset: number, byteLength: number): unknown {
  const sweeps = new FunctionSweeps(imageOf(functions))
  return sweeps.freeRuns
    .near({ start: sampleAddress(offset), byteLength })
    .map((run) => [Number(run.start - sampleAddress(0)), run.byteLength, run.insideFunction])
}

// ret; three bytes of nop that nothing reaches; ret
const SPLIT = functionOf('split', 'eb 03 0f 1f 00 c3')

describe('FreeRuns', () => {
  it('finds padding between functions, and what nothing reaches inside them, whole', () => {
    const functions = [SPLIT, functionOf('other', 'c3'), functionOf('last', 'c3')]
    expect(near(functions, 0, 48)).toEqual([
      [6, 10, false],
      [17, 15, false],
      [2, 3, true],
    ])
    expect(near(functions, 15, 1)).toEqual([[6, 10, false]])
    expect(near(functions, 16, 1)).toEqual([])
    expect(near(functions, 4, 1)).toEqual([[2, 3, true]])
  })

  it('leaves out padding that the function in front of it runs into', () => {
    expect(near([functionOf('falls', '90'), functionOf('other', 'c3')], 0, 16)).toEqual([])
  })

  it('finds the bytes of a function that begins in an earlier page', () => {
    const long = { name: 'long', code: hexBytes(`${'48 89 f8 '.repeat(1366)} eb 03 0f 1f 00 c3`) }
    expect(near([long], 4096, 16)).toEqual([[4100, 3, true]])
  })

  it('leaves NOPs that a cold part of the function leads to, or that boot may replace', () => {
    const table = (site: string): readonly SamplePart[] => [
      { name: '__alt_instructions', kind: 'label', code: '' },
      { name: 'entry', code: `{pc32 ${site}} {pc32 stac+0x4} 33 00 00 03 03 00`, alignment: 1 },
      { name: '__alt_instructions_end', kind: 'label', code: '', alignment: 1 },
    ]
    const runsOf = (sample: Partial<SampleHypervisor>): readonly string[] => {
      const image = hypervisorOf({
        text: [{ name: 'one', code: 'eb 03  0f 1f 00  c3' }],
        initText: [{ name: 'stac', kind: 'label', code: '0f 01 cb' }],
        ...sample,
      })
      return new FunctionSweeps(image).freeRuns
        .near({ start: image.start, byteLength: 6 })
        .flatMap(({ insideFunction, place }) => (insideFunction ? [place] : []))
    }
    const unreached = ['unreached bytes of one']
    expect(runsOf({})).toEqual(unreached)
    expect(runsOf({ initData: table('stac+0x4') })).toEqual(unreached)
    expect(runsOf({ initData: table('one+0x6') })).toEqual([])
    const cold = { name: 'one.cold', file: 'a.c', code: 'e9 {pc32 one+0x2}' }
    expect(runsOf({ text: [{ name: 'one', code: 'eb 03  0f 1f 00  c3' }, cold] })).toEqual([])
  })
})
