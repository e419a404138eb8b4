import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileC, compileObject, linkImage } from '../../test/testing/compile-c.ts'
import { SHF } from '../elf/definitions.ts'
import type { ElfFile, ElfRelocationTable, ElfSection } from '../elf/elf-file.ts'
import { readElf } from '../elf/read.ts'
import type { Image } from '../image/image.ts'
import type { Difference, ObjectProof, Verdict } from './object-proof.ts'
import { proveObject } from './prove-object.ts'
import { MAIN_SOURCE, OTHER_SOURCE } from './testing/sample-sources.ts'

const OTHER = compileObject('other.c', OTHER_SOURCE)
const IMAGE = linkImage([OTHER, compileObject('main.c', MAIN_SOURCE)])

/** The proof of `main.o`, compiled from `MAIN_SOURCE` with some of it replaced. */
function proofWith(from: string | RegExp, to: string, image: Image = IMAGE): ObjectProof {
  const source = MAIN_SOURCE.replace(from, to)
  expect(source).not.toBe(MAIN_SOURCE)
  return proveObject({ name: 'common/main.o', elf: compileC('main.c', source) }, image)
}

function verdictOf(proof: ObjectProof, name: string): Verdict {
  const found = [...proof.functions, ...proof.data].find(({ symbol }) => symbol.name === name)
  if (found === undefined) throw new Error(`${name} is not in the proof`)
  return found.verdict
}

function differenceOf(proof: ObjectProof, name: string): Difference {
  const verdict = verdictOf(proof, name)
  if (verdict.kind !== 'different') throw new Error(`${name} is ${verdict.kind}`)
  return verdict.difference
}

/** The functions of which the proof fails. */
function unproven(proof: ObjectProof): string[] {
  return proof.functions
    .filter(({ verdict }) => verdict.kind !== 'identical')
    .map(({ symbol }) => symbol.name)
}

describe('proveObject()', () => {
  it('proves every linked function and constant of the objects that an image was made from', () => {
    const main = proveObject({ name: 'common/main.o', elf: compileC('main.c', MAIN_SOURCE) }, IMAGE)
    expect(unproven(main)).toEqual(['leaving'])
    expect(main.functions).toHaveLength(11)
    expect(main.data.map(({ verdict }) => verdict.kind)).toEqual(['identical', 'identical'])
    expect(main.leftOut).toEqual([])
    const other = proveObject(
      { name: 'common/other.o', elf: compileC('other.c', OTHER_SOURCE) },
      IMAGE,
    )
    expect(unproven(other)).toEqual([])
  })

  it('says that a function in a section that the link throws away is not in the image', () => {
    const proof = proofWith('x * 77', 'x * 78')
    expect(verdictOf(proof, 'leaving')).toEqual({ kind: 'not-in-image', reason: 'discarded' })
  })

  it('notices another constant in an instruction', () => {
    const difference = differenceOf(proofWith('x * 77 + 5', 'x * 77 + 6'), 'plain')
    expect(difference).toMatchObject({ kind: 'bytes', within: undefined })
  })

  it('notices another length', () => {
    const difference = differenceOf(proofWith('x * 77 + 5', 'x * 77 + (counter ^ 99)'), 'plain')
    expect(difference.kind).toBe('length')
  })

  it('notices a call of another function, and a use of another variable', () => {
    const called = differenceOf(proofWith('outer(twice(x))', 'other(twice(x))'), 'calling')
    expect(called).toMatchObject({ kind: 'reference', found: 'outer', wanted: 'other' })
    const used = differenceOf(proofWith('+ counter', '+ spare'), 'calling')
    expect(used).toMatchObject({ kind: 'reference', found: 'counter', wanted: 'spare' })
  })

  it('tells a static function from one of the same name in another file', () => {
    const proof = proofWith('return x * 2', 'return x * 5')
    expect(differenceOf(proof, 'twice').kind).toBe('bytes')
    expect(verdictOf(proof, 'calling').kind).toBe('identical')
  })

  it('tells static functions of one name and one file apart by content', () => {
    const source = (user: string, factor: number): string =>
      `static int __attribute__((noinline)) pick(int x) { return x * ${factor}; }` +
      `int ${user}(int x) { return pick(x + 1) + 1; }`
    const first = compileObject('same.c', source('first', 37))
    const second = compileObject('same.c', source('second', 73))
    const image = linkImage([OTHER, first, second])
    const kinds = (user: string, factor: number): string[] =>
      ['pick', user].map((name) => {
        const elf = compileC('same.c', source(user, factor))
        return verdictOf(proveObject({ name: 'same.o', elf }, image), name).kind
      })
    expect(kinds('first', 37)).toEqual(['identical', 'identical'])
    expect(kinds('second', 73)).toEqual(['identical', 'identical'])
    expect(kinds('first', 41)).toEqual(['different', 'different'])
    // There is such a function, but not the one that the image calls.
    expect(kinds('first', 73)).toEqual(['identical', 'different'])
  })

  it('compares a string by content, however long the others are', () => {
    const proof = proofWith('"north"', '"a text that is much longer than the one before it"')
    expect(verdictOf(proof, 'greeting').kind).toBe('identical')
    const changed = differenceOf(proofWith('"good morning"', '"good evening"'), 'greeting')
    expect(changed).toMatchObject({ kind: 'text', found: 'good morning', wanted: 'good evening' })
  })

  it('proves a function whose string was merged into the end of another one', () => {
    // The linker keeps 'morning' as the end of 'good morning'.
    const proof = proveObject({ name: 'other.o', elf: compileC('other.c', OTHER_SOURCE) }, IMAGE)
    expect(verdictOf(proof, 'good_text').kind).toBe('identical')
  })

  it('notices another value in a constant, without failing the functions that use it', () => {
    const proof = proofWith('3, 5, 7, 9', '3, 5, 8, 9')
    expect(differenceOf(proof, 'factors')).toMatchObject({ kind: 'bytes', at: 8 })
    expect(verdictOf(proof, 'factor').kind).toBe('identical')
  })

  it('notices another text behind a pointer in a constant', () => {
    expect(differenceOf(proofWith('"south"', '"sOuth"'), 'names')).toMatchObject({
      kind: 'text',
      at: 8,
      found: 'south',
      wanted: 'sOuth',
    })
  })

  it('notices another fixup of one function, and proves the other', () => {
    const proof = proofWith('$-22', '$-21')
    expect(differenceOf(proof, 'guarded_too')).toMatchObject({ kind: 'table' })
    expect(differenceOf(proof, 'guarded_too').within).toMatch(/^\.fixup/)
    expect(unproven(proof)).toEqual(['guarded_too', 'leaving'])
  })

  it('notices another replacement of an alternative', () => {
    const proof = proofWith('3: call outer', '3: call other')
    expect(differenceOf(proof, 'fenced')).toMatchObject({
      kind: 'table',
      found: 'outer',
      wanted: 'other',
    })
  })

  it('notices another condition of an alternative', () => {
    expect(differenceOf(proofWith('.word 100', '.word 101'), 'fenced').kind).toBe('table')
  })

  it('notices that an alternative is missing, on either side', () => {
    const noEntry = proofWith(/"\.long 1b - \., 3f - .*\n/, '".popsection\\n"\n')
    expect(differenceOf(noEntry, 'fenced')).toMatchObject({
      kind: 'table',
      within: '.altinstructions',
      found: '1 entry',
      wanted: '0 entries',
    })
    const twoEntries = proofWith(
      '.popsection\\n"\n                       ".pushsection .altinstr_r',
      '.long 1b - ., 3f - .\\n.word 7\\n.byte 3, 3, 0, 0\\n.popsection\\n"\n".pushsection .altinstr_r',
    )
    expect(differenceOf(twoEntries, 'fenced')).toMatchObject({
      kind: 'table',
      found: '1 entry',
      wanted: '2 entries',
    })
  })

  it('notices another line in a bug frame', () => {
    // Line 172 is 1 * 128 + 44. The upper half of the line stands in the first word, the lower in the second.
    const difference = { kind: 'table', at: 4, within: '.bug_frames.2', found: 'line 172' }
    const low = differenceOf(proofWith('44 << 24', '45 << 24'), 'failing')
    expect(low).toMatchObject({ ...difference, wanted: 'line 173' })
    const high = differenceOf(proofWith('1 << 24', '2 << 24'), 'failing')
    expect(high).toMatchObject({ ...difference, wanted: 'line 300' })
  })

  it('names a table of the object that is not made of whole entries', () => {
    const odd = proofWith(
      '"1: ud2\\n',
      '"1: ud2\\n.pushsection .bug_frames.1,\\"a\\"\\n.word 1\\n.popsection\\n',
    )
    expect(odd.leftOut).toEqual(['.bug_frames.1'])
    expect(verdictOf(odd, 'failing').kind).toBe('identical')
  })

  it('explains texts that tell who built it, in the object that has them, and nowhere else', () => {
    const source = 'const char *built(void) { return "by Ada"; }'
    const image = linkImage([OTHER, compileObject('version.c', source)])
    const elf = compileC('version.c', source.replace('Ada', 'Grace Hopper'))
    expect(verdictOf(proveObject({ name: 'common/version.o', elf }, image), 'built')).toMatchObject(
      {
        kind: 'explained',
        texts: [{ found: 'by Ada', wanted: 'by Grace Hopper' }],
      },
    )
    expect(differenceOf(proveObject({ name: 'common/main.o', elf }, image), 'built').kind).toBe(
      'text',
    )
  })

  it('says of an object without a function in the image that it was not linked', () => {
    const elf = compileC('gone.c', 'int gone(int x) { return x; }')
    expect(verdictOf(proveObject({ name: 'lib/gone.o', elf }, IMAGE), 'gone')).toEqual({
      kind: 'not-in-image',
      reason: 'object-not-linked',
    })
  })

  it('says that the image lacks a symbol', () => {
    const difference = differenceOf(proofWith(/\bouter\b/g, 'nowhere'), 'calling')
    expect(difference).toMatchObject({ kind: 'unresolved', wanted: 'nowhere' })
  })
})

const BYTES = compileObject('main.c', MAIN_SOURCE)

function read(bytes: Uint8Array): ElfFile {
  const result = readElf(bytes)
  if (result.kind === 'refused') throw new Error('The sample cannot be read')
  return result.elf
}

/** The object with the relocations of one table changed. */
function withTable(elf: ElfFile, changed: ElfRelocationTable): ElfFile {
  return {
    ...elf,
    relocationTables: elf.relocationTables.map((table) =>
      table.section === changed.section ? changed : table,
    ),
  }
}

describe('proveObject(), for any change of an object', () => {
  const elf = read(BYTES)
  const code = elf.sections.filter(
    (section): section is ElfSection & { readonly bytes: Uint8Array } =>
      section.name.startsWith('.text.') && section.bytes !== undefined,
  )
  const holes = elf.relocationTables.flatMap((table) =>
    code.some(({ index }) => index === table.target)
      ? table.relocations.map((_, number) => ({ table, number }))
      : [],
  )

  it('notices each byte of a function that is flipped, outside of holes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...code),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (section, where, flip) => {
          const filled = new Set(
            elf.relocationTables
              .filter(({ target }) => target === section.index)
              .flatMap(({ relocations }) => relocations)
              .flatMap(({ offset }) => [0, 1, 2, 3].map((byte) => Number(offset) + byte)),
          )
          const free = [...section.bytes.keys()].filter((at) => !filled.has(at))
          const at = free[where % free.length] ?? 0
          const spoilt = Uint8Array.from(section.bytes)
          spoilt[at] = (spoilt[at] ?? 0) ^ flip
          const sections = elf.sections.map((each) =>
            each === section ? { ...section, bytes: spoilt } : each,
          )
          const proof = proveObject({ name: 'common/main.o', elf: { ...elf, sections } }, IMAGE)
          const name = section.name.slice('.text.'.length)
          expect(differenceOf(proof, name)).toMatchObject({ kind: 'bytes', at })
        },
      ),
      { seed: 0xba5e01, numRuns: 200 },
    )
  })

  it('notices each relocation that leads to another symbol or place', () => {
    const named = elf.symbols.filter(
      ({ kind, name, section }) =>
        (kind === 'function' || kind === 'object' || section === 'undefined') &&
        name !== '' &&
        name !== 'leaving',
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...holes),
        fc.constantFrom(...named),
        fc.constantFrom(0n, 1n, -8n),
        ({ table, number }, symbol, addend) => {
          const old = table.relocations[number]
          if (old === undefined) throw new Error('No such relocation')
          const was = elf.symbols[old.symbol]
          fc.pre(was !== symbol && !(was?.section === symbol.section && was.value === symbol.value))
          const relocations = table.relocations.with(number, {
            ...old,
            symbol: symbol.index,
            addend: old.addend + addend,
          })
          const proof = proveObject(
            { name: 'common/main.o', elf: withTable(elf, { ...table, relocations }) },
            IMAGE,
          )
          const name = elf.sections[table.target]?.name.slice('.text.'.length) ?? ''
          expect(verdictOf(proof, name).kind).toBe('different')
        },
      ),
      { seed: 0xba5e02, numRuns: 200 },
    )
  })

  it('never throws, whatever symbols, types and addends the relocations have', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...elf.relocationTables),
        fc.array(
          fc.record({
            symbol: fc.nat(elf.symbols.length - 1),
            type: fc.nat(45),
            addend: fc.oneof(
              fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
              fc.bigInt({ min: -64n, max: 64n }),
            ),
          }),
          { minLength: 1 },
        ),
        (table, others) => {
          const relocations = table.relocations.map((old, index) => ({
            ...old,
            ...others[index % others.length],
          }))
          const spoilt = withTable(elf, { ...table, relocations })
          const proof = proveObject({ name: 'common/main.o', elf: spoilt }, IMAGE)
          expect(proof.functions).toHaveLength(11)
        },
      ),
      { seed: 0xba5e03, numRuns: 400 },
    )
  })

  it.each([-(1n << 63n), -1n, 1n << 40n])('never throws at strings at offset %s', (addend) => {
    const strings = elf.symbols.find(
      ({ kind, section }) =>
        kind === 'section' &&
        typeof section === 'number' &&
        elf.sections[section]?.name.includes('.str1') === true,
    )
    if (strings === undefined) throw new Error('The sample has no section symbol of strings')
    for (const table of elf.relocationTables) {
      const relocations = table.relocations.map((old) => ({
        ...old,
        symbol: strings.index,
        addend,
      }))
      const spoilt = withTable(elf, { ...table, relocations })
      const proof = proveObject({ name: 'common/main.o', elf: spoilt }, IMAGE)
      expect(proof.functions).toHaveLength(11)
    }
  })

  it('has sections with code in the sample', () => {
    expect(code.every(({ flags }) => (flags & SHF.EXECINSTR) !== 0n)).toBe(true)
    expect(code.length).toBeGreaterThan(7)
    expect(holes.length).toBeGreaterThan(7)
  })
})
