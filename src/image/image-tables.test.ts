import { describe, expect, it } from 'vitest'
import { advance, type VirtualAddress, virtualAddress } from '../address/address.ts'
import type { Image } from './image.ts'
import { imageAlternatives, imageBugFrames, imageTableRanges } from './image-tables.ts'
import { SAMPLE_START, sampleImage, type SampleSymbol } from './testing/sample-image.ts'

/** An image of bug frames at 0x10 and 0x18, of `ud2` at 0 and 2, and of an alternative at 0x20. */
function imageWith(...symbols: readonly SampleSymbol[]): Image {
  const text = new Uint8Array(0x40).fill(0x90)
  const view = new DataView(text.buffer)
  view.setInt32(0x10, (0x0 - 0x10) & 0xff_ffff, true)
  view.setInt32(0x14, 0, true)
  view.setInt32(0x18, (0x2 - 0x18) & 0xff_ffff, true)
  view.setInt32(0x1c, 0, true)
  view.setInt32(0x20, -0x20, true)
  view.setInt32(0x24, 0, true)
  text.set([0x21, 0x80, 2, 3, 1, 0], 0x28)
  return sampleImage({ text, symbols })
}

function mark(name: string, offset: number): SampleSymbol {
  return { name, offset, byteLength: 0 }
}

function at(offset: number): VirtualAddress {
  return advance(virtualAddress(SAMPLE_START), offset)
}

describe('imageBugFrames()', () => {
  it.each([
    ['up to Xen 4.18', '__start_bug_frames'],
    ['since Xen 4.19', '__start_bug_frames_0'],
  ])('finds them by the symbols that Xen has %s, and says behind which Xen goes on', (_, start) => {
    const image = imageWith(
      mark(start, 0x10),
      mark('__stop_bug_frames_1', 0x18),
      mark('__stop_bug_frames_3', 0x20),
    )
    expect(imageBugFrames(image)).toMatchObject([
      { at: at(0), goesOn: true },
      { at: at(2), goesOn: false },
    ])
    expect(imageTableRanges(image)).toEqual([{ start: at(0x10), byteLength: 16 }])
  })
})

describe('imageAlternatives()', () => {
  it('counts the padding to the site', () => {
    const bounds = [mark('__alt_instructions', 0x20), mark('__alt_instructions_end', 0x2e)]
    expect(imageAlternatives(imageWith(...bounds))).toMatchObject([
      { site: { start: at(0), byteLength: 3 }, padByteLength: 1, feature: 0x21, negated: true },
    ])
  })

  it('takes symbols that lie wherever they like for no table', () => {
    const far = -(2 ** 54)
    for (const [start, end] of [
      [0x20, 0x1f],
      [far, 0x2e],
      [far, far + 14],
    ] as const) {
      const bounds = [mark('__alt_instructions', start), mark('__alt_instructions_end', end)]
      const image = imageWith(...bounds)
      expect(imageAlternatives(image)).toEqual([])
      expect(imageTableRanges(image)).toEqual([])
    }
  })
})
