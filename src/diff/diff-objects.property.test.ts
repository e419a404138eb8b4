import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffSources } from '../../test/testing/diff-sources.ts'
import { XEN_LIKE } from './testing/xen-like-source.ts'

/** Any of a few statements, each of which leaves something special in an object. */
const STATEMENT = fc.oneof(
  fc.nat(9999).map((n) => `a += ${n};`),
  fc.nat(9).map((n) => `ASSERT(a != ${n});`),
  fc.nat(9).map((n) => `if (a == ${n}) BUG();`),
  fc.constantFrom('printk("one");', 'printk("another");', 'printk("a much longer text than 8");'),
  fc.constant('{ static int last; a += ++last; }'),
  fc.nat(99).map((n) => `{ static int last = ${n + 1}; a ^= last++; }`),
  fc.nat(3).map((n) => `{ static const int t[4] = { ${n}, 7, 9, 11 }; a += t[a & 3]; }`),
  fc.constant('{ int b; GUARDED_READ(b, shared); a += b; }'),
  fc
    .constantFrom('mfence', 'call printk', 'nop')
    .map((one) => `ALTERNATIVE("lfence", "${one}", 3);`),
  fc.nat(5).map((n) => `if (a > 1000) a = f${n}(a);`),
  fc.nat(5).map((n) => `keep(f${n});`),
  fc.constant(`switch (a) { case 0: return f0(3); case 1: return 99; case 2: return f1(a);
    case 3: return -7; case 4: keep(f2); break; case 5: return 1; case 6: return 77; }`),
)

const FUNCTION = fc.record({
  word: fc.constantFrom('', 'static', 'NOINLINE', 'static NOINLINE', 'INIT'),
  body: fc.array(STATEMENT, { minLength: 1, maxLength: 6 }),
})

const OBJECT = fc.record({
  functions: fc.array(FUNCTION, { minLength: 6, maxLength: 6 }),
  flag: fc.constantFrom('-O2', '-fjump-tables', '-fno-function-sections', '-Os', '-g'),
})

type SourceFunction = { readonly word: string; readonly body: readonly string[] }

function sourceOf(functions: readonly SourceFunction[], front = ''): string {
  const declared = functions.map(({ word }, n) => `${word} int f${n}(int);`)
  const defined = functions.map(
    ({ word, body }, n) => `${word} int f${n}(int a) {
    ${body.join('\n')} return a; }`,
  )
  return `${XEN_LIKE} extern int shared; void keep(void *); ${declared.join(' ')}
    ${front} ${defined.join('\n')} void all(void) {
    ${functions.map((_, n) => `keep(f${n});`).join(' ')} }`
}

const PARAMETERS = { seed: 20261122, numRuns: 25 }

describe('diffObjects()', () => {
  it('finds any object unchanged when compared with itself', () => {
    fc.assert(
      fc.property(OBJECT, ({ functions, flag }) => {
        const source = sourceOf(functions)
        const diff = diffSources(source, source, [flag])
        expect(diff).toMatchObject({ changed: [], added: [], removed: [], reasons: [], notes: [] })
        expect(diff.unchanged).toBeGreaterThan(0)
        expect(diff.patch.pieces).toEqual([])
      }),
      PARAMETERS,
    )
  })

  it('is not led astray by a new function in front, which renumbers and moves everything', () => {
    const front = `int more(int a) { static int last = 7; static const int t[4] = { 5 }; printk("new");
      ASSERT(a); if (a == 77) BUG(); ALTERNATIVE("lfence", "sfence", 9);\n\n\n
      { int b; GUARDED_READ(b, shared); a += b; } return a + last++ + t[a & 3]; }`
    fc.assert(
      fc.property(OBJECT, ({ functions, flag }) => {
        const diff = diffSources(sourceOf(functions), sourceOf(functions, front), [flag])
        expect(diff).toMatchObject({ changed: [], added: ['more'], removed: [] })
        const isSplit = flag !== '-fno-function-sections'
        expect(diff.reasons.filter(({ kind }) => isSplit || kind !== 'sections-not-split')).toEqual(
          [],
        )
      }),
      PARAMETERS,
    )
  })

  it('makes patches whose targets are all there, each id once, equal in every run', () => {
    fc.assert(
      fc.property(OBJECT, STATEMENT, fc.nat(5), ({ functions, flag }, statement, at) => {
        const edited = functions.map((one, n) =>
          n === at ? { ...one, body: ['a = a * 5 + 3;', statement, ...one.body] } : one,
        )
        const diff = diffSources(sourceOf(functions), sourceOf(edited), [flag])
        expect(diff).toEqual(diffSources(sourceOf(functions), sourceOf(edited), [flag]))
        const ids = diff.patch.pieces.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        const targets = diff.patch.pieces.flatMap(({ relocations }) =>
          relocations.map(({ target }) => (target.kind === 'piece' ? target.piece : undefined)),
        )
        const inside = targets.filter((target) => target !== undefined)
        expect(inside.filter((target) => !ids.includes(target))).toEqual([])
        for (const { piece } of [...diff.patch.symbols, ...diff.patch.replacements]) {
          expect(ids).toContain(piece)
        }
        expect(diff.changed.length).toBeGreaterThan(0)
      }),
      PARAMETERS,
    )
  })
})
