import { describe, expect, it } from 'vitest'
import { sampleImage } from '../image/testing/sample-image.ts'
import { CommandFailed } from './command-failed.ts'
import { findSymbol } from './find-symbol.ts'
import { renderImageSummary, renderSymbol, summarizeImage } from './image-summary.ts'
import { toJson } from './output.ts'

const text = new Uint8Array(0x100).fill(0xc3).fill(0x90, 0x18, 0x20).fill(0x90, 0x4d, 0x50)
const image = sampleImage({
  text,
  symbols: [
    { name: 'do_one', offset: 0, byteLength: 0x18 },
    { name: 'helper', offset: 0x20, byteLength: 0x2d, file: 'common/one.c' },
    { name: 'helper', offset: 0x50, byteLength: 0xb0, file: 'common/two.c' },
  ],
})

describe('renderImageSummary()', () => {
  it('shows the build-id, the range, the symbols, the padding and the sections', () => {
    expect(`\n${renderImageSummary(summarizeImage(image))}\n`).toBe(`
build-id  0123456789abcdef0123456789abcdef01234567
  at      0xffff82d040201020
image     0xffff82d040200000..0xffff82d04020223f (8768 bytes)
symbols   5, 3 of them functions
padding   3840 bytes behind .text
          11 bytes between functions, in 2 runs
          (1 of at least 5 bytes)

section             address                 bytes
.text               0xffff82d040200000        256  code
.rodata             0xffff82d040201000         16
.note.gnu.build-id  0xffff82d040201010         36
.bss                0xffff82d040202000        576  zeros
`)
  })

  it('holds the same facts for programs', () => {
    expect(JSON.parse(toJson(summarizeImage(image)))).toMatchObject({
      buildId: '0123456789abcdef0123456789abcdef01234567',
      image: { start: '0xffff82d040200000', byteLength: 8768 },
      symbols: { all: 5, functions: 3 },
      padding: { betweenFunctions: { byteLength: 11, runs: 2, relayRuns: 1 } },
    })
  })
})

describe('renderSymbol()', () => {
  it('shows where a symbol lies and how a fix names it', () => {
    expect(`\n${renderSymbol(findSymbol(image, 'one.c#helper'))}\n`).toBe(`
symbol    common/one.c#helper
address   0xffff82d040200020
bytes     45
kind      local function
`)
  })
})

describe('findSymbol()', () => {
  it('says that no symbol bears the name', () => {
    expect(() => findSymbol(image, 'nothing')).toThrow(
      new CommandFailed('badSymbols', 'No symbol is named nothing', { symbol: 'nothing' }),
    )
  })

  it('lists the files when several static symbols bear the name', () => {
    expect(() => findSymbol(image, 'helper')).toThrow(
      '2 symbols are named helper; name one with its file:\n' +
        '  common/one.c#helper at 0xffff82d040200020\n' +
        '  common/two.c#helper at 0xffff82d040200050',
    )
  })
})
