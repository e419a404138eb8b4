import { describe, expect, it } from 'vitest'
import { diffSources } from '../../test/testing/diff-sources.ts'
import { functionsOf } from './built-functions.ts'

describe('functionsOf()', () => {
  it('counts the rarely executed part of a function with the function', () => {
    const source = (rare: string): string =>
      `__attribute__((cold, noinline)) void fail(int a) { asm volatile("" : : "r" (a)); }
       int one(int a) { if (a > 9) { ${rare} fail(a + 1); fail(a * 3); } return a + 1000; }`
    const { patch } = diffSources(source(''), source('fail(a * 7);'))
    expect(patch.symbols.map(({ name }) => name)).toContain('one.cold')
    const { changed, added } = functionsOf(patch)
    expect(changed).toMatchObject([{ name: 'one', object: 'common/a.o' }])
    expect(added).toEqual([])
  })
})
