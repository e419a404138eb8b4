import { describe, expect, it } from 'vitest'
import { compileC, compileObject, linkImage } from '../../test/testing/compile-c.ts'
import { diffObjects, type ObjectDiff } from './diff-objects.ts'
import { type JoinedPatch, joinPatches } from './join-patches.ts'
import { describeReason } from './reason.ts'

type Sources = Readonly<Record<string, string>>

const IDLE = 'asm(".globl printk, helper\\n.type printk,@function\\nprintk: helper: ret");'

/** The joined patch of several sources, for an image that is linked from those before. */
function join(
  before: Sources,
  after: Sources,
  image: Sources = before,
  flags: readonly string[] = [],
): JoinedPatch {
  return joinPatches(
    diffs(before, after, flags),
    linkImage([...objectsOf(image), compileObject('i.c', IDLE)]),
  )
}

function diffs(before: Sources, after: Sources, flags: readonly string[] = []): ObjectDiff[] {
  return Object.entries(after).map(([file, source]) => {
    const name = `common/${file.replace('.c', '.o')}`
    const old = before[file]
    const elf = compileC(file, source, flags)
    const former = old === undefined ? undefined : { name, elf: compileC(file, old, flags) }
    return diffObjects(former, { name, elf })
  })
}

function objectsOf(sources: Sources): Uint8Array[] {
  return Object.entries(sources).map(([file, source]) => compileObject(file, source))
}

function targetsOf({ patch }: JoinedPatch, id: string): string[] {
  const piece = patch.pieces.find((one) => one.id === id)
  return (piece?.relocations ?? []).map(({ target }) => {
    if (target.kind === 'piece') return `piece:${target.piece}`
    const { name, file } = target.symbol
    return file === undefined ? name : `${file}#${name}`
  })
}

const CALLER = 'int helper(int); int check(int); int one(int a)'

describe('joinPatches()', () => {
  it('links a call from one object to a new function of another', () => {
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }`, 'b.c': 'int two(int a) { return a * 7; }' },
      {
        'a.c': `${CALLER} { return check(a) + 1000; }`,
        'b.c': 'int two(int a) { return a * 7; } int check(int a) { return a * 31 + 5; }',
      },
    )
    expect(joined.reasons).toEqual([])
    expect(targetsOf(joined, 'common/a.o:.text.one')).toEqual(['piece:common/b.o:.text.check'])
    expect(joined.patch.replacements.map(({ symbol }) => symbol.name)).toEqual(['one'])
  })

  it('calls what another object replaces where it is new, and points to the old', () => {
    const caller = (n: number): string =>
      `int check(int); int (*one(int a))(int) { return check(a) > ${n} ? check : 0; }`
    const callee = (n: number): string => `int check(int a) { return a * ${n} + 5000; }`
    const joined = join(
      { 'a.c': caller(1000), 'b.c': callee(31) },
      { 'a.c': caller(2000), 'b.c': callee(77) },
    )
    expect(joined.reasons).toEqual([])
    expect(targetsOf(joined, 'common/a.o:.text.one').sort()).toEqual([
      'check',
      'piece:common/b.o:.text.check',
    ])
  })

  it('takes no number in a table for the opcode of a call', () => {
    const caller = (n: number): string => `int check(int);
      static const struct { unsigned a, b; int (*f)(int); } table[2] = { { 1, 0xe8000000, check } };
      int one(int a) { return table[a].f(table[a].b) + ${n}; }`
    const callee = (n: number): string => `int check(int a) { return a * ${n} + 5000; }`
    const joined = join(
      { 'a.c': 'int one(int a) { return a; }', 'b.c': callee(31) },
      { 'a.c': caller(2000), 'b.c': callee(77) },
    )
    expect(joined.reasons).toEqual([])
    expect(targetsOf(joined, 'common/a.o:.data.rel.ro.local.table')).toEqual(['check'])
  })

  it('points to the new where the old is not made for indirect calls', () => {
    const caller = (result: string): string =>
      `long check(int); long one(int a) { return ${result}; }`
    const callee = (mark: string): string => `${mark} long check(int a) { return a * 31 + 5000; }`
    const before = { 'a.c': caller('check(a)'), 'b.c': callee('') }
    const after = { 'a.c': caller('(long)check'), 'b.c': callee('__attribute__((cf_check))') }
    const flags = ['-fcf-protection=branch', '-mmanual-endbr']
    const joined = join(before, after, before, flags)
    expect(joined.reasons).toEqual([])
    expect(targetsOf(joined, 'common/a.o:.text.one')).toEqual(['piece:common/b.o:.text.check'])
  })

  it('drops new functions that nobody needs, with their strings', () => {
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }`, 'b.c': '' },
      {
        'a.c': `${CALLER} { return a + 2000; }`,
        'b.c': 'int printk(const char *); int more(void) { return printk("more"); }',
      },
    )
    expect(joined.reasons).toEqual([])
    expect(joined.patch.pieces.map(({ id }) => id)).toEqual(['common/a.o:.text.one'])
    expect(joined.patch.symbols.map(({ name }) => name)).toEqual(['one'])
  })

  it('asks of a new function only if somebody needs it', () => {
    const b = '__attribute__((section(".init.data"))) int choice = 1; int two(void) { return 2; }'
    const more = `${b} int check(int a) { return a + choice; }`
    const before = { 'a.c': `${CALLER} { return a + 1000; }`, 'b.c': b }
    const unneeded = { 'a.c': `${CALLER} { return a + 2000; }`, 'b.c': more }
    expect(join(before, unneeded).reasons).toEqual([])
    expect(diffs(before, unneeded).flatMap(({ reasons }) => reasons)).toEqual([])
    const needed = { 'a.c': `${CALLER} { return check(a) + 2000; }`, 'b.c': more }
    expect(join(before, needed).reasons).toMatchObject([
      { kind: 'init-reference', symbol: 'choice', user: 'check' },
    ])
  })

  it('takes a whole new object along', () => {
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }` },
      {
        'a.c': `${CALLER} { return check(a) + 1000; }`,
        'new.c': 'static int calls; int check(int a) { return a + ++calls; }',
      },
    )
    expect(joined.reasons).toEqual([])
    expect(joined.patch.symbols.map(({ name }) => name).sort()).toEqual(['calls', 'check', 'one'])
  })

  it('finds a function that was static under its old name', () => {
    const callee = (word: string): string =>
      `${word} __attribute__((noinline)) int check(int a) { asm volatile(""); return a * 31; }
       int two(int a) { return check(a + 1000) + check(a); }`
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }`, 'b.c': callee('static') },
      { 'a.c': `${CALLER} { return check(a) + 1000; }`, 'b.c': callee('') },
    )
    expect(joined.reasons).toEqual([])
    expect(targetsOf(joined, 'common/a.o:.text.one')).toEqual(['b.c#check'])
  })

  it('refuses a symbol that nobody defines', () => {
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }` },
      { 'a.c': `${CALLER} { return check(a) + 1000; }` },
    )
    expect(joined.reasons).toEqual([
      { kind: 'symbol-unresolved', object: 'common/a.o', symbol: 'check', user: 'one' },
    ])
  })

  it("refuses another file's static function of the same name", () => {
    const other = `static __attribute__((noinline)) int check(int a) { asm volatile("");
      return a * 31; } int two(int a) { return check(a + 1000) + check(a); }`
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }`, 'b.c': other },
      { 'a.c': `${CALLER} { return check(a) + 1000; }` },
    )
    expect(joined.reasons).toMatchObject([{ kind: 'symbol-unresolved', symbol: 'check' }])
  })

  it('refuses a static variable that the hypervisor has twice', () => {
    const source = (n: number): string =>
      `static int count; int one(int a) { return count += a + ${n}; }`
    const image = linkImage([
      compileObject('a.c', source(1000)),
      compileObject('a.c', source(1000).replace('one', 'two')),
    ])
    const { reasons } = joinPatches(diffs({ 'a.c': source(1000) }, { 'a.c': source(2000) }), image)
    expect(reasons).toMatchObject([{ kind: 'symbol-ambiguous', symbol: 'count', user: 'one' }])
    expect(reasons.map(describeReason).join()).toContain('a.c#count at 0x')
  })

  it('refuses a variable that moved to another object, for its value would be lost', () => {
    const user = (n: number): string =>
      `extern int count; int one(int a) { return count += a + ${n}; }`
    const joined = join(
      { 'a.c': `int count = 5; ${user(1000)}`, 'b.c': 'int two(int a) { return a; }' },
      { 'a.c': user(2000), 'b.c': 'int count = 5; int two(int a) { return a; }' },
    )
    expect(joined.reasons).toMatchObject([
      {
        kind: 'symbol-defined-twice',
        symbol: 'count',
        objects: ['common/b.o', 'the running hypervisor'],
      },
    ])
  })

  it('refuses a symbol that two objects add', () => {
    const joined = join(
      { 'a.c': `${CALLER} { return a + 1000; }`, 'b.c': '' },
      {
        'a.c': `${CALLER} { return check(a) + 1000; } int check(int a) { return a * 31; }`,
        'b.c': 'int check(int a) { return a * 77; }',
      },
    )
    expect(joined.reasons).toMatchObject([
      { kind: 'symbol-defined-twice', objects: ['common/a.o', 'common/b.o'] },
    ])
  })
})
