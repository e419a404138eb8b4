import { describe, expect, it } from 'vitest'
import type { Image, ImageSymbol } from '../image/image.ts'
import { coldPartsOf } from './cold-part.ts'
import { imageOf, type SampleFunction } from './testing/sample-splice.ts'

const CODE = Uint8Array.of(0xc3)

function imageWith(...functions: readonly (readonly [name: string, file?: string])[]): Image {
  return imageOf(
    functions.map(([name, file]): SampleFunction =>
      file === undefined ? { name, code: CODE } : { name, file, code: CODE },
    ),
  )
}

function partsOf(image: Image, is: (symbol: ImageSymbol) => boolean): readonly string[] {
  return coldPartsOf(image, image.symbols.filter(is)).map(({ name, file }) => `${file}#${name}`)
}

describe('coldPartsOf()', () => {
  it('finds the part of a static function in its own file', () => {
    const image = imageWith(
      ['one', 'a.c'],
      ['one.cold', 'a.c'],
      ['one', 'b.c'],
      ['one.cold', 'b.c'],
    )
    expect(partsOf(image, ({ name, file }) => name === 'one' && file === 'a.c')).toEqual([
      'a.c#one.cold',
    ])
  })

  it('finds the part of a global function, which is static though its function is not', () => {
    const image = imageWith(['one'], ['one.cold.3', 'a.c'], ['one', 'b.c'], ['one.cold', 'b.c'])
    expect(partsOf(image, ({ binding }) => binding === 'global')).toEqual(['a.c#one.cold.3'])
  })

  it('takes nothing else for a part', () => {
    const image = imageWith(
      ['one'],
      ['one.colder', 'a.c'],
      ['two.cold', 'a.c'],
      ['one.part.0', 'a.c'],
    )
    expect(partsOf(image, ({ name }) => name === 'one')).toEqual([])
  })
})
