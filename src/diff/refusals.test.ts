import { describe, expect, it } from 'vitest'
import { compileC } from '../../test/testing/compile-c.ts'
import { diffSources } from '../../test/testing/diff-sources.ts'
import type { ElfFile } from '../elf/elf-file.ts'
import { diffObjects } from './diff-objects.ts'
import { describeReason, type Reason, type ReasonKind } from './reason.ts'
import { XEN_LIKE } from './testing/xen-like-source.ts'

interface Case {
  readonly says: string
  readonly kind: ReasonKind
  readonly symbol: string | undefined
  readonly before: string
  readonly after: string
  readonly flags?: readonly string[]
}

const PLAIN = 'int one(int a) { return a + 1000; }'
const READ_MOSTLY = '__attribute__((section(".data.read_mostly")))'
const USING = 'extern int printk(const char *, ...);'

/** Two functions as the compiler makes them of one; which is which only their code tells. */
function copies(step: number): string {
  const copy = (n: number, by: number): string =>
    `static int copy${n}(int) asm("work.constprop.${n}");
     static __attribute__((noinline, noipa, used)) int copy${n}(int a) { return a * ${by} + 1000; }`
  return `${copy(0, 1003 + step)} ${copy(1, 2005 + step)}
    int one(int a) { return copy0(a) + copy1(a); }`
}

/** A function that goes by labels in a variable, which the compiler cannot take for a constant. */
function labels(n: number): string {
  return `int show(int); void run(const unsigned char *at) {
    static const void *labels[] = { &&first, &&second, &&last };
    asm volatile ("" : "+m" (labels));
    goto *labels[*at]; first: show(${n}); at++; goto *labels[*at];
    second: show(2); at++; goto *labels[*at]; last: return; }`
}

/** A function with a static local of one name in each of several blocks. */
function lasts(...steps: readonly string[]): string {
  const blocks = steps.map((step) => `{ static int last; ${step}; show(last); }`)
  return `extern int show(int); void one(int a) { ${blocks.join(' ')} }`
}

const CASES: readonly Case[] = [
  {
    says: 'another start value of a variable',
    kind: 'data-changed',
    symbol: 'limit',
    before: 'static int limit = 5; int one(int a) { return limit += a; }',
    after: 'static int limit = 6; int one(int a) { return limit += a; }',
  },
  {
    says: 'another function in a table that can be written',
    kind: 'data-changed',
    symbol: 'ops',
    before: 'int f(void); int g(void); int (*ops[2])(void) = { f, g };',
    after: 'int f(void); int g(void); int (*ops[2])(void) = { f, f };',
  },
  {
    says: 'a changed constant that a variable refers to',
    kind: 'data-changed',
    symbol: 'current',
    before: 'static const int table[2] = { 1, 2 }; const int *current = table;',
    after: 'static const int table[2] = { 1, 3 }; const int *current = table;',
  },
  {
    says: 'a variable that grows',
    kind: 'data-removed-or-resized',
    symbol: 'slots',
    before: 'static int slots[4]; int one(int a) { return slots[a]++; }',
    after: 'static int slots[5]; int one(int a) { return slots[a]++; }',
  },
  {
    says: 'a changed constant that other objects can see',
    kind: 'constant-changed-elsewhere',
    symbol: 'table',
    before: 'const int table[3] = { 1, 2, 3 };',
    after: 'const int table[3] = { 1, 2, 4 };',
  },
  {
    says: 'a changed table of functions to which memory may hold pointers',
    kind: 'constant-changed-elsewhere',
    symbol: 'ops',
    before: `int f(void); int g(void); static int (*const ops[2])(void) = { f, g };
      int (*const *kept)(void); void keep(void) { kept = ops; }`,
    after: `int f(void); int g(void); static int (*const ops[2])(void) = { g, f };
      int (*const *kept)(void); void keep(void) { kept = ops; }`,
  },
  {
    says: 'a new per-CPU variable',
    kind: 'per-cpu-added',
    symbol: 'per_cpu__count',
    before: PLAIN,
    after: `__attribute__((section(".bss.percpu"))) int per_cpu__count;
      int one(int a) { return per_cpu__count + a; }`,
  },
  {
    says: 'a per-CPU variable that grows',
    kind: 'per-cpu-changed',
    symbol: 'per_cpu__count',
    before: '__attribute__((section(".bss.percpu"))) int per_cpu__count;',
    after: '__attribute__((section(".bss.percpu"))) long per_cpu__count;',
  },
  {
    says: 'a new variable that is sealed after boot',
    kind: 'persistent-state',
    symbol: 'opt',
    before: PLAIN,
    after: `__attribute__((section(".data.ro_after_init"))) int opt = 1;
      int one(int a) { return a + opt; }`,
  },
  {
    says: 'a constant that becomes a variable',
    kind: 'became-writable',
    symbol: 'table',
    before: 'static const int table[4] = { 1, 2 }; int one(int a) { return table[a]; }',
    after: 'static int table[4] = { 1, 2 }; int one(int a) { return table[a]++; }',
  },
  {
    says: 'a sealed variable that is sealed no more',
    kind: 'became-writable',
    symbol: 'opt',
    before: `__attribute__((section(".data.ro_after_init"))) int opt = 1; ${PLAIN}`,
    after: 'int opt = 1; int one(int a) { return opt += a; }',
  },
  {
    says: 'a variable that is to lie on a rounder address',
    kind: 'alignment-raised',
    symbol: 'slots',
    before: 'static long slots[2]; long one(int a) { return slots[a]++; }',
    after:
      'static __attribute__((aligned(64))) long slots[2]; long one(int a) { return slots[a]++; }',
  },
  {
    says: 'changed init code',
    kind: 'init-code-changed',
    symbol: 'setup',
    before: `${XEN_LIKE} INIT int setup(int a) { return a + 1000; }`,
    after: `${XEN_LIKE} INIT int setup(int a) { return a + 2000; }`,
  },
  {
    says: 'changed init data',
    kind: 'init-data-changed',
    symbol: 'choice',
    before: '__attribute__((section(".init.data"))) int choice = 1;',
    after: '__attribute__((section(".init.data"))) int choice = 2;',
  },
  {
    says: 'new code that calls init code',
    kind: 'init-reference',
    symbol: 'setup',
    before: `${XEN_LIKE} INIT int setup(int a) { return a + 1000; } ${PLAIN}`,
    after: `${XEN_LIKE} INIT int setup(int a) { return a + 1000; }
      int one(int a) { return setup(a) + 1000; }`,
  },
  {
    says: 'new code that uses a variable that was freed, though the patch keeps it',
    kind: 'init-reference',
    symbol: 'choice',
    before: `__attribute__((section(".init.data"))) int choice = 1; ${PLAIN}`,
    after: 'int choice = 1; int one(int a) { return a + choice; }',
  },
  {
    says: 'a new command line parameter',
    kind: 'boot-parameter-changed',
    symbol: '__setup_opt',
    before: PLAIN,
    after: `${PLAIN} static int opt;
      __attribute__((section(".init.setup"), used))
      static const struct { const char *name; int *place; } __setup_opt = { "opt", &opt };`,
  },
  {
    says: 'an initcall that is gone',
    kind: 'initcall-changed',
    symbol: '__initcall_start_it',
    before: `int start_it(void); __attribute__((section(".initcall1.init"), used))
      static int (*__initcall_start_it)(void) = start_it;`,
    after: 'int start_it(void);',
  },
  {
    says: 'a changed entry of a table that the link fixed',
    kind: 'boot-table-changed',
    symbol: 'entry',
    before: '__attribute__((section(".data.schedulers"), used)) static long entry = 1;',
    after: '__attribute__((section(".data.schedulers"), used)) static long entry = 2;',
  },
  {
    says: 'an entry without a symbol that such a table gains',
    kind: 'boot-table-changed',
    symbol: '.ctors+0x0',
    before: PLAIN,
    after: `${PLAIN} asm(".pushsection .ctors,\\"aw\\"\\n.quad one\\n.popsection");`,
  },
  {
    says: 'a function with too little room for a jump',
    kind: 'function-too-short',
    symbol: 'one',
    before: 'int one(void) { return 0; }',
    after: 'int one(void) { return 1000; }',
  },
  {
    says: 'a function whose room begins behind an ENDBR64',
    kind: 'function-too-short',
    symbol: 'one',
    before:
      'asm(".section .text.one,\\"ax\\"\\n.globl one\\n.type one,@function\\none: endbr64\\n' +
      'xor %eax,%eax\\nret\\n.size one,.-one\\n.text");',
    after:
      'asm(".section .text.one,\\"ax\\"\\n.globl one\\n.type one,@function\\none: endbr64\\n' +
      'xor %edx,%edx\\nret\\n.size one,.-one\\n.text");',
  },
  {
    says: 'a section that nobody told it about',
    kind: 'section-not-understood',
    symbol: 'entry',
    before: '__attribute__((section(".strange"), used)) static int entry = 1;',
    after: '__attribute__((section(".strange"), used)) static int entry = 2;',
  },
  {
    says: 'code outside of any function',
    kind: 'section-not-understood',
    symbol: '.text.loose+0x0',
    before: 'asm(".section .text.loose,\\"ax\\"\\nnop\\nhlt\\n.text");',
    after: 'asm(".section .text.loose,\\"ax\\"\\nnop\\ncli\\n.text");',
  },
  {
    says: 'a special section whose entries lie otherwise',
    kind: 'section-not-understood',
    symbol: undefined,
    before: `${XEN_LIKE} int one(int *a) { int b; GUARDED_READ(b, *a); return b; }`,
    after: `${XEN_LIKE} int one(int *a) { int b; GUARDED_READ(b, *a); return b; }
      asm(".pushsection .ex_table,\\"a\\"\\n.long 0\\n.popsection");`,
  },
  {
    says: 'an absolute relocation',
    kind: 'relocation-not-supported',
    symbol: 'one',
    before: `${USING} int one(int a) { return a + 1000; }`,
    after: 'int table[4]; int one(int a) { asm("movl table, %0" : "=r" (a)); return a; }',
  },
  {
    says: 'a common symbol',
    kind: 'common-symbol',
    symbol: 'count',
    before: PLAIN,
    after: 'int count; int one(int a) { return count += a; }',
    flags: ['-fcommon'],
  },
  {
    says: 'a symbol of a thread',
    kind: 'symbol-not-supported',
    symbol: 'mine',
    before: PLAIN,
    after: 'static __thread int mine; int one(int a) { return mine += a; }',
    flags: ['-ftls-model=local-exec', '-fno-pic'],
  },
  {
    says: 'functions that share one section',
    kind: 'sections-not-split',
    symbol: 'one',
    before: `${PLAIN} int two(int a) { return a * 7; }`,
    after: 'int one(int a) { return a + 2000; } int two(int a) { return a * 7; }',
    flags: ['-fno-function-sections'],
  },
  {
    says: 'two names of one function that part',
    kind: 'alias-split',
    symbol: 'one',
    before: `${PLAIN} extern int two(int) __attribute__((alias("one")));`,
    after: `${PLAIN} int two(int a) { return a + 2000; }`,
  },
  {
    says: 'code to be run while the patch is applied',
    kind: 'hook-needed',
    symbol: undefined,
    before: PLAIN,
    after: `${PLAIN} void hook(void) {}
      __attribute__((section(".livepatch.hooks.load"), used)) static void (*h)(void) = hook;`,
  },
  {
    says: 'static locals of one name that cannot be told apart',
    kind: 'symbol-ambiguous',
    symbol: 'last.2',
    before: lasts('last += a', 'last ^= a'),
    after: lasts('last -= a', 'last |= a', 'last *= a'),
  },
  {
    says: 'static locals of which one went and another came',
    kind: 'symbol-ambiguous',
    symbol: 'last.0',
    before: lasts('last += a', 'last ^= a'),
    after: lasts('last ^= a', 'last -= a'),
  },
  {
    says: 'a static local that one function lost and another gained',
    kind: 'symbol-ambiguous',
    symbol: 'last.0',
    before: `int one(int a) { static int last; return last += a; }
      int two(int a) { return a + 1000; }`,
    after: `int one(int a) { return a + 1000; }
      int two(int a) { static int last; return last += a; }`,
  },
  {
    says: 'a variable that moved into a function',
    kind: 'symbol-ambiguous',
    symbol: 'last.0',
    before: 'static int last; int one(int a) { return last += a; }',
    after: 'int one(int a) { static int last; return (last += a) + 1000; }',
  },
  {
    says: 'a static local that moved out of its function',
    kind: 'symbol-ambiguous',
    symbol: 'last',
    before: 'int one(int a) { static int last; return last += a; }',
    after: 'static int last; int one(int a) { return (last += a) + 1000; }',
  },
  {
    says: 'a function that became another name of one',
    kind: 'symbol-ambiguous',
    symbol: 'two',
    before: `${PLAIN} int two(int a) { return a + 2000; }`,
    after: `${PLAIN} int two(int a) __attribute__((alias("one")));`,
  },
  {
    says: 'a function that is for boot alone from now on',
    kind: 'init-code-changed',
    symbol: 'one',
    before: PLAIN,
    after: '__attribute__((section(".init.text"))) int one(int a) { return a + 2000; }',
  },
  {
    says: 'a variable of which each CPU gets its own',
    kind: 'per-cpu-changed',
    symbol: 'count',
    before: 'int count; int one(int a) { return count += a; }',
    after: `__attribute__((section(".bss.percpu"))) int count;
      int one(int a) { return (count += a) + 1000; }`,
  },
  {
    says: 'copies of a function that cannot be told apart',
    kind: 'symbol-ambiguous',
    symbol: 'work.constprop.0',
    before: copies(1),
    after: copies(2),
  },
  {
    says: 'a place that belongs to no symbol',
    kind: 'reference-not-understood',
    symbol: 'one',
    before: `${PLAIN} ${READ_MOSTLY} static int near = 5; int two(void) { return ++near; }`,
    after: `extern char around[]; ${READ_MOSTLY} static int near = 5;
      ${READ_MOSTLY} static int next = 6; int two(void) { next++; return ++near; }
      int one(int a) { asm("movl .data.read_mostly + 4096(%%rip), %0" : "=r" (a)); return a; }`,
  },
  {
    says: 'a variable that leads to labels in changed code',
    kind: 'labels-in-variable',
    symbol: 'labels.0',
    before: labels(1000),
    after: labels(2000),
  },
]

describe('diffObjects() refuses', () => {
  it.each(CASES)('$says', ({ kind, symbol, before, after, flags }) => {
    const { reasons } = diffSources(before, after, flags ?? [])
    const found = reasons.filter((reason) => reason.kind === kind)
    expect(found.map((reason) => reason.symbol)).toContain(symbol)
    for (const reason of reasons) {
      expect(reason.object).toBe('common/a.o')
      expect(describeReason(reason)).toMatch(/^common\/a\.o: .+; .+[^.]$/)
      expect(JSON.parse(JSON.stringify(reason)) as Reason).toEqual(reason)
    }
  })

  it('a changed source in assembler, whatever the change', () => {
    const assembled = (code: string): ElfFile => {
      const elf = compileC('entry.c', `asm(".globl entry\\nentry: ${code}");`)
      const symbols = elf.symbols.map((symbol) =>
        symbol.kind === 'file' ? { ...symbol, name: 'entry.S' } : symbol,
      )
      return { ...elf, symbols }
    }
    const name = 'arch/x86/entry.o'
    const before = { name, elf: assembled('nop; hlt') }
    expect(diffObjects(before, { name, elf: assembled('nop; hlt') }).reasons).toEqual([])
    const diff = diffObjects(before, { name, elf: assembled('nop; cli') })
    expect(diff.reasons).toEqual([
      { kind: 'assembler-changed', object: name, symbol: 'entry', section: '.text' },
    ])
    expect(diff.patch.pieces).toEqual([])
  })

  it.each([
    ['the alignment', '.balign 64', '.balign 32'],
    ['bytes in front of it', '.balign 64; .fill 32, 1, 0xcc', '.balign 64; .fill 16, 1, 0xcc'],
    ['what such bytes are', '.balign 64; .fill 32, 1, 0xcc', '.balign 64; .fill 32, 1, 0x90'],
    ['bytes that were in front', '.balign 64; .fill 32, 1, 0xcc', '.balign 64'],
  ])('an assembler label of which only %s differs', (_, before, after) => {
    const name = 'arch/x86/thunk.o'
    const assembled = (fill: string): { name: string; elf: ElfFile } => {
      const code = `.pushsection .text.thunk, \\"ax\\"\\n ${fill}\\n thunk: ret\\n.popsection`
      const elf = compileC('thunk.c', `asm("${code}");`)
      const symbols = elf.symbols.map((symbol) =>
        symbol.kind === 'file' ? { ...symbol, name: 'thunk.S' } : symbol,
      )
      return { name, elf: { ...elf, symbols } }
    }
    expect(diffObjects(assembled(before), assembled(before)).reasons).toEqual([])
    expect(diffObjects(assembled(before), assembled(after)).reasons).toContainEqual({
      kind: 'assembler-changed',
      object: name,
      symbol: 'thunk',
      section: '.text.thunk',
    })
  })
})
