import { describe, expect, it } from 'vitest'
import { diffSources } from '../../test/testing/diff-sources.ts'

/** A function that goes on behind its end; the place has a name, as in the first such one in Xen. */
function source(factor: number): string {
  return `
    __attribute__((noipa)) int one(int a) {
      asm volatile ("test %0, %0\\n\\tjz .Lfar%=\\n\\t.subsection 1\\n"
                    "a.c.unlikely: .Lfar%=:\\n\\tud2\\n\\t.subsection 0" :: "r" (a));
      return a * ${factor} + 7;
    }
    int two(int a) { return one(a) + one(a + 1); }`
}

describe('a label of an assembler statement in the only function of its section', () => {
  it('divides nothing: the function is replaced with what lies behind the label', () => {
    const diff = diffSources(source(31), source(77))
    expect(diff.reasons).toEqual([])
    expect(diff.patch.replacements.map(({ symbol }) => symbol.name)).toContain('one')
    const piece = diff.patch.pieces.find(({ section }) => section === '.text.one')
    expect(piece?.relocations).toEqual([])
    const ud2 = [0x0f, 0x0b]
    expect([...((piece?.content as Uint8Array | undefined) ?? [])].slice(-2)).toEqual(ud2)
  })

  it('is no change where another function has the label now', () => {
    const labelled = source(31)
    const before = labelled.replace('a.c.unlikely:', '')
    expect(diffSources(before, labelled)).toMatchObject({ changed: [], reasons: [] })
  })
})
