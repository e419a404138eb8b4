import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileC } from '../../test/testing/compile-c.ts'
import { SHF, SHT } from '../elf/definitions.ts'
import type { ElfSection } from '../elf/elf-file.ts'
import { type Atom, labelOf } from './atom.ts'
import { cutAtom } from './cut-section.ts'
import { cutFixups } from './fixup.ts'
import { type OpenObject, openObject } from './open-object.ts'
import { XEN_LIKE } from './testing/xen-like-source.ts'

function open(source: string): OpenObject {
  return openObject({ name: 'common/a.o', elf: compileC('a.c', source) })
}

/** What is attached to each function: sections and sizes. */
function attachedTo(object: OpenObject): Record<string, string[]> {
  return Object.fromEntries(
    [...object.attachments.byOwner].map(([owner, atoms]) => [
      labelOf(owner),
      atoms.map(({ section, byteLength }) => `${section.name} ${byteLength}`),
    ]),
  )
}

const FIXUP: ElfSection = {
  index: 3,
  name: '.fixup',
  type: SHT.PROGBITS,
  flags: SHF.ALLOC | SHF.EXECINSTR,
  address: 0n,
  fileOffset: 0,
  byteLength: 60n,
  bytes: new Uint8Array(60),
  link: 0,
  info: 0,
  alignment: 1n,
  entryBytes: 0n,
}

function owner(name: string): Atom {
  const names = [{ name, file: undefined, kind: 'function', offset: 0, byteLength: 8, order: 1 }]
  return cutAtom({ ...FIXUP, name: `.text.${name}` }, 'text', {
    start: 0,
    byteLength: 8,
    names: names as Atom['names'],
  })
}

describe('attach()', () => {
  it('gives each entry and each run of .fixup to its function', () => {
    const object = open(`${XEN_LIKE}
      int one(int *a) { int b; GUARDED_READ(b, *a); ASSERT(b); return b; }
      int two(int *a) { int b, c; GUARDED_READ(b, *a); GUARDED_READ(c, a[1]); return b + c; }
      void three(void) { ALTERNATIVE("lfence", "call printk", 3); BUG(); }
      static void (*hook)(void) = three;
      void four(void) { CALL_SITE(hook); CALL_SITE(hook); }`)
    expect(object.attachments).toMatchObject({ ownerless: [], malformed: [] })
    expect(attachedTo(object)).toEqual({
      one: ['.fixup 10', '.ex_table 8', '.bug_frames.3 16'],
      two: ['.fixup 20', '.ex_table 8', '.ex_table 8'],
      three: ['.altinstructions 14', '.altinstr_replacement 5', '.bug_frames.2 8'],
      four: ['.alt_call_sites 4', '.alt_call_sites 4'],
    })
  })

  it('finds the size of entries of .altinstructions by how far they are apart', () => {
    const entry = (number: number, rest: string): string => `
      asm("1${number}: lfence; .pushsection .altinstructions,\\"a\\"; .long 1${number}b - .;"
        ".long 9f - .; .word 3; .byte 3, 1${rest}; .popsection;"
        ".pushsection .altinstr_replacement,\\"ax\\"; 9: nop; .popsection");`
    for (const [rest, size] of [
      ['', 12],
      [', 0, 0', 14],
      [', 0, 0, 0, 0', 16],
    ] as const) {
      const object = open(
        `void one(void) { ${entry(1, rest)} ${entry(2, rest)} ${entry(3, rest)} }`,
      )
      const entries = attachedTo(object)['one']?.filter((text) => text.includes('altinstructions'))
      expect(entries).toEqual(Array(3).fill(`.altinstructions ${size}`))
    }
  })

  it('says which special sections it cannot cut', () => {
    const object = open(
      'asm(".section .ex_table,\\"a\\"; .long 1, 2; .section .fixup,\\"ax\\"; nop; .text");',
    )
    const names = object.attachments.malformed.map(({ name }) => name)
    expect(names.toSorted()).toEqual(['.ex_table', '.fixup'])
  })
})

describe('cutFixups()', () => {
  const owners = ['one', 'two', 'three'].map(owner)

  it('covers the section with runs that change hands at entrances only', () => {
    const entrances = fc.uniqueArray(fc.tuple(fc.nat(59), fc.nat(2)), {
      selector: ([offset]) => offset,
      minLength: 1,
    })
    fc.assert(
      fc.property(entrances, (list) => {
        const runs =
          cutFixups(
            FIXUP,
            list.map(([offset, index]) => ({
              offset,
              // The index is at most 2.
              from: { kind: 'function' as const, atom: owners[index] as Atom },
            })),
          ) ?? []
        let end = 0
        for (const { atom } of runs) {
          expect(atom.start).toBe(end)
          end += atom.byteLength
        }
        expect(end).toBe(60)
        for (const [offset, index] of list) {
          const run = runs.find(
            ({ atom }) => atom.start <= offset && offset < atom.start + atom.byteLength,
          )
          expect(run?.owner).toBe(owners[index])
        }
      }),
      { seed: 20261122 },
    )
  })

  it('does not cut where two functions enter at one place', () => {
    const from = owners.map((atom) => ({ offset: 4, from: { kind: 'function' as const, atom } }))
    expect(cutFixups(FIXUP, from)).toBeUndefined()
  })

  it('gives the way out of a fixup to the function of that fixup', () => {
    const runs = cutFixups(FIXUP, [
      { offset: 0, from: { kind: 'function', atom: owners[0] as Atom } },
      { offset: 20, from: { kind: 'function', atom: owners[1] as Atom } },
      { offset: 40, from: { kind: 'fixup', offset: 3 } },
    ])
    expect(runs?.map(({ owner: one, atom }) => [labelOf(one), atom.start])).toEqual([
      ['one', 0],
      ['two', 20],
      ['one', 40],
    ])
  })
})
