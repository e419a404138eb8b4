import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { FunctionSweeps } from './function-sweeps.ts'
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
})
