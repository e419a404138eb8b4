import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { readCompileInfo } from './compile-info.ts'
import type { Image } from './image.ts'
import { sampleImage } from './testing/sample-image.ts'

const NUMBER = 'xen_minor_version'
const TEXT = 'xen_compiler'
const NOTHING = {
  majorVersion: undefined,
  minorVersion: undefined,
  extraVersion: undefined,
  compiler: undefined,
  compileDate: undefined,
  changeset: undefined,
}

/** One accessor at 0, the return thunk at 0x20, and the text `gcc 12` at 0x30. */
function imageWith(name: string, code: Uint8Array): Image {
  const text = new Uint8Array(0x40).fill(0xcc)
  text.set(code)
  text.set(hexBytes('c3'), 0x20)
  text.set(new TextEncoder().encode('gcc 12\0'), 0x30)
  return sampleImage({
    text,
    symbols: [
      { name, offset: 0, byteLength: code.length },
      { name: '__x86_return_thunk', offset: 0x20, byteLength: 1 },
    ],
  })
}

describe('readCompileInfo()', () => {
  it.each([
    ['mov, ret', 'b8 11 00 00 00  c3', 17],
    ['mov, jmp to the return thunk', 'b8 11 00 00 00  e9 16 00 00 00', 17],
    ['endbr64, mov, ret', 'f3 0f 1e fa  b8 11 00 00 00  c3', 17],
    ['xor, ret', '31 c0  c3', 0],
    ['xor the other way, jmp to the return thunk', '33 c0  e9 19 00 00 00', 0],
  ])('reads a number from %s', (_, code, minorVersion) => {
    expect(readCompileInfo(imageWith(NUMBER, hexBytes(code)))).toEqual({ ...NOTHING, minorVersion })
  })

  it.each([
    ['lea, ret', '48 8d 05 29 00 00 00  c3', 'gcc 12'],
    ['lea, jmp to the return thunk', '48 8d 05 29 00 00 00  e9 14 00 00 00', 'gcc 12'],
    ['endbr64, lea, ret', 'f3 0f 1e fa  48 8d 05 25 00 00 00  c3', 'gcc 12'],
    ['lea of an empty text', '48 8d 05 2f 00 00 00  c3', ''],
  ])('reads a text from %s', (_, code, compiler) => {
    expect(readCompileInfo(imageWith(TEXT, hexBytes(code)))).toEqual({ ...NOTHING, compiler })
  })

  it.each([
    [NUMBER, 'something behind the return', 'b8 11 00 00 00  c3  90'],
    [NUMBER, 'a jmp to elsewhere', 'b8 11 00 00 00  e9 17 00 00 00'],
    [NUMBER, 'no return', 'b8 11 00 00 00'],
    [NUMBER, 'another register', 'b9 11 00 00 00  c3'],
    [NUMBER, 'a load that is cut', 'b8 11 00'],
    [TEXT, 'a number', 'b8 11 00 00 00  c3'],
    [TEXT, 'a text that is not printable', '48 8d 05 19 00 00 00  c3'],
    [TEXT, 'a place outside the image', '48 8d 05 00 00 00 70  c3'],
    [TEXT, 'nothing at all', ''],
  ])('takes nothing for %s from %s', (name, _, code) => {
    expect(readCompileInfo(imageWith(name, hexBytes(code)))).toEqual(NOTHING)
  })

  it('does not throw, whatever the code is', () => {
    const start = fc.constantFrom('', 'f3 0f 1e fa', 'b8', '48 8d 05', '31 c0', 'b8 01 00 00 00 e9')
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 12 }), (start, rest) => {
        const code = Uint8Array.of(...hexBytes(start), ...rest)
        const { minorVersion, compiler } = readCompileInfo(imageWith(NUMBER, code))
        expect(compiler).toBeUndefined()
        expect(minorVersion === undefined || Number.isSafeInteger(minorVersion)).toBe(true)
        expect(readCompileInfo(imageWith(TEXT, code)).minorVersion).toBeUndefined()
      }),
      { seed: 0xba5e06, numRuns: 200 },
    )
  })
})
