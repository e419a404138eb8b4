import { describe, expect, it } from 'vitest'
import { compileC, compileObject, linkImage } from '../../test/testing/compile-c.ts'
import { proveObject } from './prove-object.ts'
import { MAIN_SOURCE, OTHER_SOURCE } from './testing/sample-sources.ts'
import { unaccountedFunctions } from './unaccounted-functions.ts'

const IMAGE = linkImage([
  compileObject('other.c', OTHER_SOURCE),
  compileObject('main.c', MAIN_SOURCE),
])
const MAIN = proveObject({ name: 'common/main.o', elf: compileC('main.c', MAIN_SOURCE) }, IMAGE)
const OTHER = proveObject({ name: 'common/other.o', elf: compileC('other.c', OTHER_SOURCE) }, IMAGE)

describe('unaccountedFunctions()', () => {
  it('finds none where all objects of the image are there', () => {
    expect(unaccountedFunctions([MAIN, OTHER], IMAGE)).toEqual([])
  })

  it('finds every function of an object that the build leaves out', () => {
    const names = unaccountedFunctions([MAIN], IMAGE).map(({ name }) => name)
    expect(names.toSorted()).toEqual(OTHER.functions.map(({ symbol }) => symbol.name).toSorted())
    expect(names.length).toBeGreaterThan(0)
  })

  it('counts a function that differs as accounted for', () => {
    const other = MAIN_SOURCE.replace('x * 77', 'x * 78')
    const proof = proveObject({ name: 'common/main.o', elf: compileC('main.c', other) }, IMAGE)
    expect(unaccountedFunctions([proof, OTHER], IMAGE)).toEqual([])
  })
})
