import { describe, expect, it } from 'vitest'
import { compileC } from '../../test/testing/compile-c.ts'
import { diffSources } from '../../test/testing/diff-sources.ts'
import { type ObjectDiff, type ObjectFile, diffObjects } from './diff-objects.ts'
import type { Piece } from './patch.ts'
import { XEN_LIKE } from './testing/xen-like-source.ts'

function sectionsOf({ patch }: ObjectDiff): string[] {
  return patch.pieces.map(({ section }) => section)
}

function pieceOf({ patch }: ObjectDiff, id: string): Piece {
  const piece = patch.pieces.find((one) => one.id === id)
  if (piece === undefined)
    throw new Error(`No ${id} among ${patch.pieces.map((one) => one.id).join(', ')}`)
  return piece
}

/** Where a piece leads, in short: `piece:` and an id, or a name of the image. */
function targetsOf(piece: Piece): string[] {
  return piece.relocations.map(({ target }) => {
    if (target.kind === 'piece') return `piece:${target.piece}`
    const { name, file } = target.symbol
    return file === undefined ? name : `${file}#${name}`
  })
}

describe('diffObjects() tells what changed', () => {
  it('finds nothing where the sources are the same', () => {
    const source = `${XEN_LIKE}
      static int count; static const int table[] = { 1, 2, 3 };
      int get(int at) { count++; ASSERT(at < 3); return table[at]; }
      int read(int *from) { int to; GUARDED_READ(to, *from); return to; }
      void fence(void) { ALTERNATIVE("lfence", "nop", 3); printk("fenced %d", count); }`
    const diff = diffSources(source, source)
    expect(diff).toMatchObject({ changed: [], added: [], removed: [], reasons: [], notes: [] })
    expect(diff.unchanged).toBe(3)
    expect(diff.patch).toEqual({ pieces: [], symbols: [], replacements: [] })
  })

  it('replaces the function that differs and no other', () => {
    const diff = diffSources(
      'int one(int a) { return a * 31 + 7; } int two(int a) { return a * 5 + 12; }',
      'int one(int a) { return a * 31 + 9; } int two(int a) { return a * 5 + 12; }',
    )
    expect(diff).toMatchObject({ changed: ['one'], unchanged: 1, reasons: [] })
    expect(diff.patch.replacements).toEqual([
      {
        symbol: { name: 'one', file: undefined },
        piece: 'common/a.o:.text.one',
        oldByteLength: expect.any(Number),
        newByteLength: expect.any(Number),
      },
    ])
  })

  it('names a static function with its file', () => {
    const source = (n: number): string => `${XEN_LIKE}
      static NOINLINE int one(int a) { printk("x"); return a * ${n} + 7; }
      int two(int a) { return one(a) + one(a + 1); }`
    const [replacement] = diffSources(source(31), source(77)).patch.replacements
    expect(replacement?.symbol).toEqual({ name: 'one', file: 'a.c' })
  })

  it('takes lines that moved for no change, in bug frames and asserts', () => {
    const source = `${XEN_LIKE}
      void one(int a) { ASSERT(a > 3); if (a == 9) BUG(); printk("x"); }`
    const lines = '\n'.repeat(300)
    const moved = diffSources(source, source.replace('void one', `${lines}void one`))
    expect(moved).toMatchObject({ changed: [], reasons: [], unchanged: 1 })
  })

  it('takes strings in another order for no change, and another text for one', () => {
    const source = (first: string): string =>
      `${XEN_LIKE} void one(void) { printk("${first}"); } void two(void) { printk("second"); }`
    const front = `void zero(void) { printk("something in front"); }`
    const added = diffSources(
      source('first'),
      XEN_LIKE + front + source('first').slice(XEN_LIKE.length),
    )
    expect(added).toMatchObject({ changed: [], added: ['zero'], unchanged: 2 })
    const changed = diffSources(source('first'), source('other'))
    expect(changed).toMatchObject({ changed: ['one'], unchanged: 1 })
    expect(sectionsOf(changed)).toEqual(['.rodata.one.str1.1', '.text.one'])
  })

  it('pairs static locals that the compiler numbers anew', () => {
    const old = `int get(void) { static int last; return ++last; }
      int put(void) { static int last = 4; return ++last; }`
    const now = `int front(void) { static int last = 6; return ++last; } ${old}`
    const diff = diffSources(old, now)
    expect(diff).toMatchObject({ changed: [], added: ['front'], unchanged: 2, reasons: [] })
  })

  it('keeps to the old name of a static local in changed code', () => {
    const source = (step: string, front: string): string => `
      int get(void) { static int last; return last += ${step}; } ${front}
      int put(void) { static int last = 4; return ++last; }`
    const diff = diffSources(
      source('31', ''),
      source('77', 'int more(void) { static int last = 7; return ++last; }'),
    )
    expect(diff).toMatchObject({ changed: ['get'], added: ['more'], reasons: [] })
    const [target] = targetsOf(pieceOf(diff, 'common/a.o:.text.get'))
    const before = diffSources('', source('31', ''))
    const old = before.patch.symbols.find(
      ({ name, piece }) => name.startsWith('last') && piece.includes('.bss'),
    )
    expect(target).toBe(`a.c#${old?.name}`)
  })
})

describe('diffObjects() brings along what new code needs', () => {
  it('knows a static local again though its function was split', () => {
    const work = `__attribute__((noinline)) int work(int a) {
      static int last; return last += a * 77; }`
    const diff = diffSources(
      `static int work(int) asm("work"); static ${work} int one(int a) { return work(a); }`,
      `static int work(int) asm("work.part.0"); static ${work}
       int one(int a) { return work(a) + 1000; }`,
    )
    expect(diff).toMatchObject({ reasons: [] })
    expect(diff.patch.pieces.flatMap(({ section }) => section)).not.toContain('.bss.last.0')
  })

  describe('tells static locals of one name and one function apart by where they are used', () => {
    const block = (text: string): string =>
      `{ static char once; if (!once) { once = 1; printk("${text}"); } }`
    const source = (...steps: readonly string[]): string =>
      `${XEN_LIKE} int check(int); int one(int a) { ${steps.join(' ')} return a; }`
    const before = source('if (a > 3)', block('low'), 'if (a > 9)', block('high'))

    /** By the text that is shown beside it, which variable new code uses. */
    function variables(after: string): Record<string, string | undefined> {
      const diff = diffSources(before, after)
      expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
      const targets = targetsOf(pieceOf(diff, 'common/a.o:.text.one'))
      const texts = new Map(
        diff.patch.pieces.map(({ id, content }) => [
          `piece:${id}`,
          content instanceof Uint8Array ? String.fromCharCode(...content.slice(0, -1)) : '',
        ]),
      )
      return Object.fromEntries(
        targets.flatMap((target, index) => {
          const text = texts.get(target)
          if (text === undefined || !/^[a-z]+$/.test(text)) return []
          return [[text, targets.slice(index).find((one) => one.includes('once'))]]
        }),
      )
    }

    it('where code changed between them', () => {
      const after = source(
        'if (a > 3)',
        block('low'),
        'a += check(a);',
        'if (a > 9)',
        block('high'),
      )
      expect(variables(after)).toEqual({ low: 'a.c#once.1', high: 'a.c#once.0' })
    })

    it('where there is one more', () => {
      const more = ['if (check(a))', block('new')]
      const after = source('if (a > 3)', block('low'), ...more, 'if (a > 9)', block('high'))
      expect(variables(after)).toEqual({
        low: 'a.c#once.1',
        new: 'piece:common/a.o:.bss.once.1',
        high: 'a.c#once.0',
      })
    })

    it('where there is one less', () => {
      const after = source('if (check(a)) return 7;', 'if (a > 9)', block('high'))
      expect(variables(after)).toEqual({ high: 'a.c#once.0' })
    })
  })

  it('brings the rarely executed part with its function', () => {
    const source = (n: number): string => `${XEN_LIKE}
      __attribute__((cold)) void slow(int);
      int one(int a) { if (a == 3) { slow(a); slow(${n}); } return a + 1000; }`
    const diff = diffSources(source(1), source(2))
    expect(diff.changed).toEqual(['one'])
    expect(sectionsOf(diff)).toEqual(['.text.unlikely.one', '.text.one'])
    expect(targetsOf(pieceOf(diff, 'common/a.o:.text.one'))).toEqual([
      'piece:common/a.o:.text.unlikely.one',
    ])
    expect(diff.patch.replacements).toHaveLength(1)
  })

  it('brings a new static function along, and a new variable with a note', () => {
    const diff = diffSources(
      `${XEN_LIKE} int one(int a) { return a + 1000; }`,
      `${XEN_LIKE} static int calls = 5;
       static NOINLINE int check(int a) { printk("x"); return calls += a; }
       int one(int a) { return check(a) + 1000; }`,
    )
    expect(diff).toMatchObject({ changed: ['one'], added: ['check'], reasons: [] })
    expect(diff.notes).toMatchObject([{ kind: 'variable-added', symbol: 'calls', byteLength: 4 }])
    expect(targetsOf(pieceOf(diff, 'common/a.o:.text.check'))).toContain(
      'piece:common/a.o:.data.calls',
    )
    expect(diff.patch.replacements).toHaveLength(1)
  })

  it('notes init code that differs though the patch edits none', () => {
    const object = (n: number): ObjectFile => ({
      name: 'common/a.o',
      elf: compileC(
        'a.c',
        `${XEN_LIKE} static inline int pick(int a) { return a * ${n}; }
         INIT int setup(int a) { return pick(a); } int one(int a) { return pick(a) + 1000; }`,
      ),
    })
    const edited = diffObjects(object(77), object(99))
    expect(edited.reasons).toMatchObject([{ kind: 'init-code-changed', symbol: 'setup' }])
    const spared = diffObjects(object(77), object(99), { editsInit: false })
    expect(spared).toMatchObject({
      reasons: [],
      notes: [{ kind: 'init-code-differs', object: 'common/a.o', symbol: 'setup' }],
    })
    expect(spared.patch.pieces.map(({ section }) => section)).toEqual(['.text.one'])
  })

  it('lets a function refer to what boot freed if it did so before, with a note', () => {
    const source = (n: number): string => `${XEN_LIKE} INIT int setup(int a) { return a * 77; }
      static SECTION(".init.data") int choice = 1;
      int one(int a, int booting) { return booting ? setup(a) + choice++ : a + ${n}; }`
    const diff = diffSources(source(1000), source(2000))
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    expect(diff.notes).toMatchObject([
      { kind: 'init-reference-kept', symbol: 'setup', user: 'one' },
      { kind: 'init-reference-kept', symbol: 'choice', user: 'one' },
    ])
    expect(targetsOf(pieceOf(diff, 'common/a.o:.text.one'))).toContain('a.c#choice')
  })

  it('lets no new code refer to what boot freed where alternatives are put in', () => {
    const source = (n: number): string => `${XEN_LIKE}
      __attribute__((section(".init.data"), used)) int (*ops)(int);
      int one(int a) { ALTERNATIVE("call *ops(%%rip)", "call printk", 3); return a + ${n}; }`
    expect(diffSources(source(1000), source(2000)).reasons).toMatchObject([
      { kind: 'init-reference', symbol: 'ops', user: 'one' },
    ])
  })

  it('brings entries of .altinstructions with their own replacement only', () => {
    const source = (n: number): string => `${XEN_LIKE}
      int other(int a) { ALTERNATIVE("nop", "call other_repl", 3); return a + 5000; }
      int one(int a) { ALTERNATIVE("lfence", "call one_repl", 7); return a + ${n}; }`
    const diff = diffSources(source(1000), source(2000))
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    expect(sectionsOf(diff).sort()).toEqual([
      '.altinstr_replacement',
      '.altinstructions',
      '.text.one',
    ])
    const entry = diff.patch.pieces.find(({ section }) => section === '.altinstructions')
    const code = diff.patch.pieces.find(({ section }) => section === '.altinstr_replacement')
    expect(entry?.content).toHaveLength(14)
    expect(entry && targetsOf(entry)).toEqual(['piece:common/a.o:.text.one', `piece:${code?.id}`])
    expect(code?.content).toHaveLength(5)
    expect(code && targetsOf(code)).toEqual(['one_repl'])
  })

  it('notices a change inside a replacement alone', () => {
    const source = (code: string): string => `${XEN_LIKE}
      int one(int a) { ALTERNATIVE("lfence", "${code}", 7); return a + 1000; }`
    expect(diffSources(source('mfence'), source('sfence')).changed).toEqual(['one'])
  })

  it('brings the call sites of changed code, and sees one that comes or goes', () => {
    const source = (n: number, call = 'CALL_SITE(hook);'): string => `${XEN_LIKE}
      void target(void); void (*hook)(void) __attribute__((visibility("hidden"))) = target;
      int other(int a) { CALL_SITE(hook); return a + 5000; }
      int one(int a) { ${call} return a + ${n}; }`
    const diff = diffSources(source(1000), source(2000))
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    expect(sectionsOf(diff).sort()).toEqual(['.alt_call_sites', '.text.one'])
    const entry = diff.patch.pieces.find(({ section }) => section === '.alt_call_sites')
    expect(entry?.content).toHaveLength(4)
    expect(entry && targetsOf(entry)).toEqual(['piece:common/a.o:.text.one'])
    const plain = 'asm volatile("call *%c0(%%rip)" :: "i" (&hook) : "memory");'
    expect(diffSources(source(1000), source(1000, plain)).changed).toEqual(['one'])
  })

  it("brings a function's part of .fixup and its entries of .ex_table", () => {
    const source = (n: number): string => `${XEN_LIKE}
      int other(int *from) { int to; GUARDED_READ(to, *from); return to; }
      int one(int *from) { int to; GUARDED_READ(to, from[5]); return to + ${n}; }`
    const diff = diffSources(source(1000), source(2000))
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    const fixup = diff.patch.pieces.find(({ section }) => section === '.fixup')
    const entry = diff.patch.pieces.find(({ section }) => section === '.ex_table')
    expect(fixup && targetsOf(fixup)).toEqual(['piece:common/a.o:.text.one'])
    expect(entry && targetsOf(entry)).toEqual(['piece:common/a.o:.text.one', `piece:${fixup?.id}`])
    expect(sectionsOf(diff).sort()).toEqual(['.ex_table', '.fixup', '.text.one'])
  })

  it('keeps the bits of a bug frame, line number and all', () => {
    const source = (n: number): string => `${XEN_LIKE}
#line 5432
      void one(int a) { if (a == ${n}) BUG(); printk("x"); }`
    const diff = diffSources(source(1000), source(2000))
    const frame = diff.patch.pieces.find(({ section }) => section === '.bug_frames.2')
    const line = (5432 >> 7) << 24
    expect(frame?.relocations[0]).toMatchObject({
      at: 0,
      target: { kind: 'piece', piece: 'common/a.o:.text.one' },
      addend: BigInt(line),
    })
    expect(frame?.relocations[1]).toMatchObject({
      at: 4,
      target: { kind: 'piece', offset: 0 },
      addend: BigInt(((5432 & 127) << 24) + 4),
    })
  })

  it('brings the jump table of a switch with its function', () => {
    const source = (n: number): string => `${XEN_LIKE}
      int f0(void); int f1(void); int f2(void); int f3(void); int f4(void); int f5(void);
      int one(int a) { switch (a) { case 0: return f0() + 1; case 1: return f1() * 3;
        case 2: return f2() - 9; case 3: return f3() / 7; case 4: return f4() ^ ${n};
        case 5: return f5() + 99; } return -1; }`
    const flags = ['-fjump-tables']
    const same = diffSources(source(1000), source(1000), flags)
    expect(same).toMatchObject({ changed: [], reasons: [] })
    const diff = diffSources(source(1000), source(2000), flags)
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    const table = pieceOf(diff, 'common/a.o:.rodata.one')
    expect(new Set(targetsOf(table))).toEqual(new Set(['piece:common/a.o:.text.one']))
    expect(table.relocations.length).toBe(6)
  })
})

describe('diffObjects() keeps the identity of functions and constants', () => {
  it('calls new code directly and takes the address of the old', () => {
    const source = (n: number): string => `${XEN_LIKE}
      NOINLINE int one(int a) { printk("x"); return a + ${n}; }
      int (*two(int a))(int) { if (one(a) > ${n}) return one; return 0; }`
    const diff = diffSources(source(1000), source(2000))
    expect(diff.changed).toEqual(['one', 'two'])
    expect(targetsOf(pieceOf(diff, 'common/a.o:.text.two'))).toEqual([
      'piece:common/a.o:.text.one',
      'one',
    ])
  })

  it('takes the address of the new where the old is not made for indirect calls', () => {
    const source = (mark: string, result: string): string => `${XEN_LIKE}
      NOINLINE ${mark} int one(int a) { printk("x"); return a + 1000; }
      long two(int a) { return one(a) + ${result}; }`
    const flags = ['-fcf-protection=branch', '-mmanual-endbr']
    const mark = '__attribute__((cf_check))'
    const began = diffSources(source('', '1'), source(mark, '(long)one'), flags)
    expect(began).toMatchObject({ changed: ['one', 'two'], reasons: [] })
    const [, two] = began.patch.replacements
    const targets = targetsOf(pieceOf(began, two?.piece ?? ''))
    expect(new Set(targets)).toEqual(new Set(['piece:common/a.o:.text.one']))
    const went = diffSources(
      source(mark, '(long)one'),
      source(mark, '(long)one + 7').replace('1000', '2000'),
      flags,
    )
    expect(new Set(targetsOf(pieceOf(went, 'common/a.o:.text.two')))).toEqual(
      new Set(['piece:common/a.o:.text.one', 'one']),
    )
  })

  it('replaces all users of a constant that differs', () => {
    const source = (n: number): string => `
      static const int table[8] = { 1, ${n}, 3 };
      int one(int a) { return table[a]; } int two(int a) { return table[a + 1] * 2; }
      int three(int a) { return a * 1000; }`
    const diff = diffSources(source(2), source(9))
    expect(diff).toMatchObject({ changed: ['one', 'two'], unchanged: 1, reasons: [] })
    expect(diff.notes).toMatchObject([{ kind: 'constant-replaced', symbol: 'table' }])
    expect(diff.patch.pieces.map(({ id }) => id)).toContain('common/a.o:.rodata.table')
  })

  it("uses the hypervisor's own constant where that is the same", () => {
    const source = (n: number): string => `
      static const int table[8] = { 1, 2, 3 }; int one(int a) { return table[a] + ${n}; }`
    const diff = diffSources(source(1000), source(2000))
    expect(targetsOf(pieceOf(diff, 'common/a.o:.text.one'))).toEqual(['a.c#table'])
    expect(diff.patch.pieces).toHaveLength(1)
  })

  it('brings a copy of a table that leads to labels in changed code', () => {
    const source = (n: number): string => `int show(int); void run(const unsigned char *at) {
      static const void *const labels[] = { &&first, &&second, &&last };
      goto *labels[*at]; first: show(${n}); at++; goto *labels[*at];
      second: show(2); at++; goto *labels[*at]; last: return; }`
    const diff = diffSources(source(1000), source(2000))
    const [table] = targetsOf(pieceOf(diff, 'common/a.o:.text.run'))
    expect(table).toMatch(/^piece:.*labels/)
    const labels = targetsOf(pieceOf(diff, table?.replace('piece:', '') ?? ''))
    expect(new Set(labels)).toEqual(new Set(['piece:common/a.o:.text.run']))
  })

  it('follows a change through constants that refer to constants', () => {
    const source = (n: number): string => `
      static const int inner[4] = { ${n}, 2, 3 };
      static const struct { const int *p; int n; } outer[2] = { { inner, 1 }, { inner + 1, 2 } };
      int one(int a) { return *outer[a].p; }`
    const diff = diffSources(source(1), source(2))
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    const names = diff.patch.symbols.map(({ name }) => name).sort()
    expect(names).toEqual(['inner', 'one', 'outer'])
  })

  it('lets a table of functions that is only called through change', () => {
    const source = (first: string): string => `int f(void); int g(void); int h(void);
      static const struct { int (*a)(void), (*b)(void); } ops = { ${first}, h };
      int one(int a) { asm volatile("call *%0" : : "m" (ops.a)); return a + 1000; }`
    const diff = diffSources(source('f'), source('g'))
    expect(diff).toMatchObject({ changed: ['one'], reasons: [] })
    expect(diff.patch.symbols.map(({ name }) => name).sort()).toEqual(['one', 'ops'])
  })

  it('leads no old caller into a copy that was tailored to new ones', () => {
    const source = (n: number, other: number): string => `${XEN_LIKE}
      static NOINLINE int work(int a, int b, int c) { printk("x", a, c); return a * b + c; }
      int one(int a) { return work(a, ${n}, a + 3) + ${other}; }
      int two(int a) { return work(a + ${other}, ${n}, 9) + 2; }`
    const all = diffSources(source(1000, 5), source(2000, 6))
    const copy = all.changed.find((name) => name.startsWith('work.'))
    expect(all.changed.toSorted()).toEqual(['one', 'two', copy])
    expect(all).toMatchObject({ reasons: [] })
    expect(all.patch.replacements.map(({ symbol }) => symbol.name)).toEqual(['one', 'two'])
    const some = diffSources(source(1000, 5), source(1000, 5).replace('printk("x"', 'printk("y"'))
    expect(some.changed).toEqual([copy])
    expect(some.patch.replacements.map(({ symbol }) => symbol.name)).toEqual([copy])
  })

  it('needs no room in a short function that only replaced ones call', () => {
    const source = (n: number): string => `
      static __attribute__((noinline, noclone, noipa)) int work(void) { return ${n}; }
      int one(int a) { return work() * a + ${n + 1000}; }`
    const diff = diffSources(source(0), source(5000))
    expect(diff).toMatchObject({ reasons: [] })
    expect(diff.patch.replacements.map(({ symbol }) => symbol.name)).toEqual(['one'])
  })
})
