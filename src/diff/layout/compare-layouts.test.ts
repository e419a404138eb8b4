import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileC } from '../../../test/testing/compile-c.ts'
import type { ElfFile } from '../../elf/elf-file.ts'
import { compareLayouts, type LayoutComparison } from './compare-layouts.ts'
import { describeDebugInfoRefusal } from './debug-info-refusal.ts'
import { findDebugSections } from './debug-sections.ts'
import type { LayoutChange } from './layout-changes.ts'
import { readTypeEntries } from './read-entries.ts'

function object(source: string, flag = '-g'): ElfFile {
  return compileC('types.c', source, [flag])
}

function changesOf(comparison: LayoutComparison): readonly LayoutChange[] {
  if (comparison.kind === 'compared') return comparison.changes
  throw new Error(describeDebugInfoRefusal(comparison.refusal))
}

/** `[type, member, before, after]` of each change, of types that are all in use. */
function changes(before: string, after: string, flag?: string): unknown[] {
  const use = '\nstruct s value;'
  return changesOf(compareLayouts(object(before + use, flag), object(after + use, flag))).map(
    ({ type, member, before, after }) => [type, member, before, after],
  )
}

const INTEGER = 'integer of 4 bytes'

/** Name, before, after, and what is told; all hold for either version of DWARF. */
const CASES: readonly (readonly [string, string, string, readonly unknown[]])[] = [
  [
    'a member that was added in padding',
    'struct s { long a; char b; };',
    'struct s { long a; char b; char c; };',
    [['struct s', 'c', 'no such member', 'byte 9, integer of 1 byte']],
  ],
  [
    'a member that was added at the end',
    'struct s { long a; };',
    'struct s { long a; int b; };',
    [['struct s', 'b', 'no such member', `byte 8, ${INTEGER}`]],
  ],
  [
    'a member that was removed',
    'struct s { int a; int b; int c; };',
    'struct s { int a; int c; };',
    [['struct s', 'b', `byte 4, ${INTEGER}`, 'no such member']],
  ],
  [
    'a member of another size',
    'struct s { int a; int b; };',
    'struct s { long a; int b; };',
    [['struct s', 'a', `byte 0, ${INTEGER}`, 'byte 0, integer of 8 bytes']],
  ],
  [
    'members that changed places',
    'struct s { int a; int b; };',
    'struct s { int b; int a; };',
    [['struct s', 'a', `byte 0, ${INTEGER}`, `byte 4, ${INTEGER}`]],
  ],
  [
    'another alignment, which only the size shows',
    'struct s { int a; };',
    'struct s { int a; } __attribute__((aligned(16)));',
    [['struct s', undefined, '4 bytes', '16 bytes']],
  ],
  [
    'a bit-field of other width',
    'struct s { unsigned int a : 3, b : 5; };',
    'struct s { unsigned int a : 4, b : 5; };',
    [['struct s', 'a', `byte 0 bit 0, 3 bits of ${INTEGER}`, `byte 0 bit 0, 4 bits of ${INTEGER}`]],
  ],
  [
    'a bit-field that moved',
    'struct s { unsigned int a : 3, : 0, b : 5; };',
    'struct s { unsigned int a : 3, : 4, b : 5; };',
    [['struct s', 'b', `byte 4 bit 0, 5 bits of ${INTEGER}`, `byte 0 bit 7, 5 bits of ${INTEGER}`]],
  ],
  [
    'an array of another length',
    'struct s { int a[2][3]; };',
    'struct s { int a[2][4]; };',
    [['struct s', 'a', `byte 0, ${INTEGER} [2][3]`, `byte 0, ${INTEGER} [2][4]`]],
  ],
  [
    'a pointer to another structure',
    'struct x; struct y; struct s { struct x *p; };',
    'struct x; struct y; struct s { struct y *p; };',
    [['struct s', 'p', 'byte 0, pointer to struct x', 'byte 0, pointer to struct y']],
  ],
  [
    'a member of an unnamed structure in an unnamed union',
    'struct s { int k; union { struct { int a; } u; long l; }; };',
    'struct s { int k; union { struct { int z, a; } u; long l; }; };',
    [['struct s', 'u.z', 'no such member', `byte 8, ${INTEGER}`]],
  ],
  [
    'a member of unnamed structures in an array',
    'struct s { struct { int a; } e[3]; };',
    'struct s { struct { int a; int b; } e[3]; };',
    [
      [
        'struct s',
        'e[].a',
        `byte 0, ${INTEGER}, in [3] of 4 bytes`,
        `byte 0, ${INTEGER}, in [3] of 8 bytes`,
      ],
      ['struct s', 'e[].b', 'no such member', `byte 4, ${INTEGER}, in [3] of 8 bytes`],
    ],
  ],
  [
    'a structure that only a typedef names',
    'typedef struct { int n; } lock_t; struct s { lock_t *l; };',
    'typedef struct { short n; } lock_t; struct s { lock_t *l; };',
    [['lock_t', 'n', `byte 0, ${INTEGER}`, 'byte 0, integer of 2 bytes']],
  ],
  [
    'a structure inside a function',
    'struct s { int a; }; int f(int i) { static struct t { int a; } v[4]; return v[i].a++; }',
    'struct s { int a; }; int f(int i) { static struct t { long a; } v[4]; return v[i].a++; }',
    [['struct t', 'a', `byte 0, ${INTEGER}`, 'byte 0, integer of 8 bytes']],
  ],
  [
    'an enumerator with another value',
    'enum e { A, B, C = -5 }; struct s { enum e e; };',
    'enum e { A, X, B, C = -6 }; struct s { enum e e; };',
    [
      ['enum e', 'B', 'value 1', 'value 2'],
      ['enum e', 'C', 'value -5', 'value -6'],
    ],
  ],
  [
    'an enumerator of an enumeration without a name',
    'enum { A, B }; struct s { int e; } v = { B };',
    'enum { X, A, B }; struct s { int e; } v = { B };',
    [
      ['enum (unnamed)', 'A', 'value 0', 'value 1'],
      ['enum (unnamed)', 'B', 'value 1', 'value 2'],
    ],
  ],
  [
    'a type that holds one that grew, once',
    'struct in { int a; }; struct s { char c; struct in i[2]; int d, e; };',
    'struct in { int a, b; }; struct s { char c; struct in i[2]; int d, e; };',
    [
      ['struct in', 'b', 'no such member', `byte 4, ${INTEGER}`],
      ['struct s', undefined, '20 bytes', '28 bytes'],
    ],
  ],
]

/** Name, before, after: nothing is told. */
const HARMLESS: readonly (readonly [string, string, string])[] = [
  ['no change at all', 'struct s { int a; };', 'struct s { int a; };'],
  ['a renamed member', 'struct s { int a, b; };', 'struct s { int a, c; };'],
  ['another sign', 'struct s { int a; };', 'struct s { unsigned int a; };'],
  ['a typedef in between', 'struct s { int a; };', 'typedef int t; struct s { const t a; };'],
  ['an enumeration in place of an integer', 'struct s { int a; };', 'struct s { enum { A } a; };'],
  ['a pointer from void', 'struct s { void *p; };', 'struct s { const void *p; };'],
  ['a function pointer', 'struct s { int (*f)(int); };', 'struct s { void (*f)(void); };'],
  ['an added type', 'struct s { int a; };', 'struct n { int a; } n; struct s { int a; };'],
  [
    'an added enumerator',
    'enum e { A }; struct s { enum e e; };',
    'enum e { A, B }; struct s { enum e e; };',
  ],
  [
    'a type that became complete',
    'struct x; struct s { struct x *p; };',
    'struct x { int a; }; struct s { struct x *p; };',
  ],
  [
    'a member that moved into an unnamed structure of one name',
    'struct s { struct { int a, b; }; };',
    'struct s { int a, b; };',
  ],
  [
    'a structure of changed insides behind a pointer, for who holds the pointer',
    'struct s { struct x *p; };',
    'struct x; struct s { struct x *p; };',
  ],
]

describe.each(['-gdwarf-5', '-gdwarf-4'])('compareLayouts(), compiled with %s', (flag) => {
  it.each(CASES)('tells of %s', (_, before, after, told) => {
    expect(changes(before, after, flag)).toEqual(told)
  })

  it.each(HARMLESS)('tells nothing of %s', (_, before, after) => {
    expect(changes(before, after, flag)).toEqual([])
  })
})

/** As above, of the variable `v`. */
const VARIABLES: readonly (readonly [string, string, string, readonly unknown[]])[] = [
  [
    'members of a type without a name that changed places',
    'static struct { int a; int b; } v; int f(int i) { v.a = i; return v.b++; }',
    'static struct { int b; int a; } v; int f(int i) { v.a = i; return v.b++; }',
    [['a', `byte 0, ${INTEGER}`, `byte 4, ${INTEGER}`]],
  ],
  [
    'such members in an array',
    'static struct { int a; int b; } v[4]; int f(int i) { return v[i].a++; }',
    'static struct { int b; int a; } v[4]; int f(int i) { return v[i].a++; }',
    [['[].a', `byte 0, ${INTEGER}, in [4] of 8 bytes`, `byte 4, ${INTEGER}, in [4] of 8 bytes`]],
  ],
  [
    'a number that became a pointer',
    'extern long v; long v;',
    'extern void *v; void *v;',
    [[undefined, 'byte 0, integer of 8 bytes', 'byte 0, pointer']],
  ],
  [
    'a pointer to something else, in a function',
    'struct a { int i; }; int f(void) { static struct a *v; return v++ != 0; }',
    'struct b { int i; }; int f(void) { static struct b *v; return v++ != 0; }',
    [[undefined, 'byte 0, pointer to struct a', 'byte 0, pointer to struct b']],
  ],
]

/** What of variables is no change. */
const HARMLESS_VARIABLES: readonly (readonly [string, string, string])[] = [
  ['another sign', 'int v;', 'unsigned int v;'],
  ['another name of a member', 'struct { int a; } v;', 'struct { int b; } v;'],
  ['a constant, of which a copy comes along', 'const long v = 1;', 'void *const v = (void *)1;'],
  [
    'a variable that is only there while a function runs',
    'int use(void *); int f(void) { long v; return use(&v); }',
    'int use(void *); int f(void) { void *v; return use(&v); }',
  ],
  [
    'what only boot reads',
    '__attribute__((section(".init.data"))) long v;',
    '__attribute__((section(".init.data"))) void *v;',
  ],
  [
    'another static local of the name',
    'int f(void) { static int v; return v++; }',
    'int f(void) { static int v; return v++; } long g(void) { static long v; return v++; }',
  ],
]

describe.each(['-gdwarf-5', '-gdwarf-4'])('compareLayouts() of variables, with %s', (flag) => {
  it.each(VARIABLES)('tells of %s', (_, before, after, told) => {
    const made = changesOf(compareLayouts(object(before, flag), object(after, flag)))
    expect(made.map(({ type }) => type)).toEqual(told.map(() => 'variable v'))
    expect(made.map((one) => [one.member, one.before, one.after])).toEqual(told)
  })

  it.each(HARMLESS_VARIABLES)('tells nothing of %s', (_, before, after) => {
    expect(changesOf(compareLayouts(object(before, flag), object(after, flag)))).toEqual([])
  })
})

const EVERYTHING = CASES.map(([, before], index) =>
  before.replace(/\b(s|x|y|e|t|in|f|v|A|B|C|lock_t)\b(?!:)/g, `$1_${index}`),
).join('\n')
const USES = CASES.map((_, index) => `struct s_${index} use_${index};`).join('\n')

describe('compareLayouts()', () => {
  it('tells nothing of types that two versions of DWARF describe', () => {
    const source = `${EVERYTHING}\n${USES}`
    const made = compareLayouts(object(source, '-gdwarf-4'), object(source, '-gdwarf-5'))
    expect(changesOf(made)).toEqual([])
  })

  it('names the type that a consequence comes from', () => {
    const source = (members: string): ElfFile =>
      object(`struct in { ${members} }; struct mid { struct in i; }; struct s { struct mid m; } v;`)
    const told = changesOf(compareLayouts(source('int a;'), source('int a, b;')))
    expect(told.map(({ type, consequenceOf }) => [type, consequenceOf])).toEqual([
      ['struct in', undefined],
      ['struct mid', 'struct in'],
      ['struct s', 'struct mid'],
    ])
  })

  it('tells of one of two types of a name that changed, and of neither when both stayed', () => {
    const source = (member: string): ElfFile =>
      object(
        'int f(int i) { static struct t { int a; } v[4]; return v[i].a++; }' +
          `int g(int i) { static struct t { ${member} a; } v[4]; return v[i].a++; }`,
      )
    expect(changesOf(compareLayouts(source('short'), source('short')))).toEqual([])
    expect(changesOf(compareLayouts(source('short'), source('char')))).toMatchObject([
      { type: 'struct t', member: 'a', after: 'byte 0, integer of 1 byte' },
    ])
  })

  it('refuses an object without debug information, on either side', () => {
    const without = compileC('types.c', 'struct s { int a; } v;')
    const made = object('struct s { int a; } v;')
    const refusal = { kind: 'no-debug-info' }
    expect(compareLayouts(without, made)).toEqual({ kind: 'refused', side: 'before', refusal })
    expect(compareLayouts(made, without)).toEqual({ kind: 'refused', side: 'after', refusal })
  })

  it('refuses compressed debug information', () => {
    const made = object('struct s { int a; } v;')
    const compressed = compileC('types.c', 'struct s { int a; } v;', ['-g', '-gz=zlib'])
    expect(compareLayouts(made, compressed)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'debug-info-unreadable' },
    })
  })

  it('refuses an older version of DWARF', () => {
    const made = object('struct s { int a; } v;', '-gdwarf-3')
    expect(compareLayouts(made, made)).toMatchObject({
      refusal: { kind: 'debug-info-unreadable', found: 'DWARF version 3', wanted: '4 or 5' },
    })
  })

  it('refuses a type that stands for itself', () => {
    const made = object('typedef int first; struct s { first f; } v;')
    const sections = findDebugSections(made)
    const typedef = [...readTypeEntries(sections).values()].find(({ name }) => name === 'first')
    if (typedef?.type === undefined) throw new Error('The object does not have the typedef')
    const { at, type } = typedef
    const view = new DataView(Uint8Array.from(sections.info).buffer)
    const reference = [...Array(32).keys()].find((n) => view.getUint32(at + n, true) === type)
    if (reference === undefined) throw new Error('The typedef does not have its reference')
    view.setUint32(at + reference, at, true)
    const spoilt = withBytes(made, '.debug_info', new Uint8Array(view.buffer))
    expect(compareLayouts(spoilt, made)).toMatchObject({
      side: 'before',
      refusal: { kind: 'debug-info-unreadable', found: 'a type that stands for itself' },
    })
  })
})

function withBytes(elf: ElfFile, name: string, bytes: Uint8Array): ElfFile {
  return {
    ...elf,
    sections: elf.sections.map((section) =>
      section.name === name ? { ...section, bytes } : section,
    ),
  }
}

describe('compareLayouts(), of spoilt DWARF', () => {
  const sound = object(`${EVERYTHING}\n${USES}`)
  const sections = ['.debug_info', '.debug_abbrev', '.debug_str'].map((name) => {
    const bytes = sound.sections.find((section) => section.name === name)?.bytes
    if (bytes === undefined) throw new Error(`The object has no ${name}`)
    return { name, bytes }
  })

  /** Of which every byte is read. */
  const tables = sections.filter(({ name }) => name !== '.debug_str')

  it('compares or refuses, and never throws, whatever bytes are changed', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(...sections), flips, ({ name, bytes }, flips) => {
        const spoilt = Uint8Array.from(bytes)
        for (const [where, byte] of flips) spoilt[where % spoilt.length] = byte
        const result = compareLayouts(sound, withBytes(sound, name, spoilt))
        expect(result.kind === 'compared' || result.side === 'after').toBe(true)
      }),
      { seed: 0x1a7001, numRuns: 250 },
    )
  })

  it('refuses entries and abbreviations that were cut, and never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom(...tables), fc.nat(), ({ name, bytes }, where) => {
        const cut = withBytes(sound, name, bytes.slice(0, where % bytes.length))
        expect(compareLayouts(cut, sound)).toMatchObject({ kind: 'refused', side: 'before' })
      }),
      { seed: 0x1a7002, numRuns: 100 },
    )
  })

  it('compares or refuses, and never throws, whatever the relocations say', () => {
    const change = fc.record({
      type: fc.constantFrom(0, 1, 2, 10, 11),
      symbol: fc.nat(sound.symbols.length - 1),
      addend: fc.bigInt({ min: -(1n << 40n), max: 1n << 40n }),
    })
    const info = sound.sections.findIndex(({ name }) => name === '.debug_info')
    fc.assert(
      fc.property(fc.nat(), change, (where, change) => {
        const relocationTables = sound.relocationTables.map((table) => {
          if (table.target !== info) return table
          const index = where % table.relocations.length
          const old = table.relocations[index]
          if (old === undefined) throw new Error('The table is empty')
          return { ...table, relocations: table.relocations.with(index, { ...old, ...change }) }
        })
        const result = compareLayouts({ ...sound, relocationTables }, sound)
        expect(['compared', 'refused']).toContain(result.kind)
      }),
      { seed: 0x1a7003, numRuns: 100 },
    )
  })
})
