import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileObject } from '../../test/testing/compile-c.ts'
import { EI, FILE_HEADER, R_X86_64, SECTION_HEADER, SHF, SHT } from '../elf/definitions.ts'
import type { ElfDraft, RelocationDraft, SectionDraft, SymbolDraft } from '../elf/draft.ts'
import { encodeNote } from '../elf/note.ts'
import { readElf } from '../elf/read.ts'
import { withField } from '../elf/testing/with-field.ts'
import { readStruct, viewOf } from '../elf/struct-layout.ts'
import { writeElf } from '../elf/write.ts'
import { payloadCode } from './payload-code.ts'
import { describePayloadRefusal, type PayloadRefusal } from './payload-refusal.ts'
import { readPayload } from './read-payload.ts'
import { readWell, smallPayloadBytes } from './testing/sample-payload.ts'

function refusalOf(bytes: Uint8Array): PayloadRefusal {
  const result = readPayload(bytes)
  if (result.kind === 'read') throw new Error('This was to be refused')
  expect(describePayloadRefusal(result.refusal)).toMatch(/^Not a payload that Xen can take: \S/)
  return result.refusal
}

/** A payload as Xen's own tests make theirs (xen/test/livepatch/Makefile). */
function madeByOthers(version: number, rest: string): Uint8Array {
  const source = `
    struct func { const char *name; const void *new_addr, *old_addr; unsigned new_size, old_size;
      unsigned char version; ${rest} };
    static const char name[] = "xen_extra_version";
    const char *extra(void) { return "Hello World"; }
    struct func __attribute__((section(".livepatch.funcs"), used)) hello = {
      .name = name, .new_addr = extra, .new_size = 8, .old_size = 32, .version = ${version} };
  `
  const folder = mkdtempSync(path.join(tmpdir(), 'reweave-payload-'))
  const run = (program: string, ...args: readonly string[]): void => {
    execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }
  try {
    writeFileSync(path.join(folder, 'hello.o'), compileObject('hello.c', source))
    const descriptor = new Uint8Array(20).fill(0xab)
    writeFileSync(path.join(folder, 'xen.note'), encodeNote({ owner: 'GNU', type: 3, descriptor }))
    const notes = ['.livepatch.depends', '.livepatch.xen_depends'].flatMap((name) => [
      `--add-section=${name}=xen.note`,
      `--set-section-flags=${name}=alloc,readonly`,
    ])
    run('objcopy', ...notes, 'hello.o', 'noted.o')
    run('ld', '-r', '--build-id=sha1', '-o', 'hello.livepatch', 'noted.o')
    return new Uint8Array(readFileSync(path.join(folder, 'hello.livepatch')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The parts of a payload as others make it, for tests that spoil one of them. */
interface Parts {
  text: SectionDraft
  funcs: SectionDraft
  names: SectionDraft
  notes: SectionDraft[]
  others: SectionDraft[]
  funcRelocations: RelocationDraft[]
  textRelocations: RelocationDraft[]
  symbols: SymbolDraft[]
}

const BUILD_ID = Uint8Array.from({ length: 20 }, (_, index) => index + 1)

function note(name: string, type = 3, descriptor = BUILD_ID): SectionDraft {
  const content = encodeNote({ owner: 'GNU', type, descriptor })
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC, alignment: 4, content }
}

function loaded(name: string, content: Uint8Array, flags = 0n): SectionDraft {
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC | flags, content }
}

/** One entry of version 2, its fields by their offsets. */
function entry(fields: Readonly<Record<number, readonly number[]>> = {}): Uint8Array {
  const bytes = new Uint8Array(104)
  const all = { 24: [6], 28: [40], 32: [2], ...fields }
  for (const [at, values] of Object.entries(all)) bytes.set(values, Number(at))
  return bytes
}

/** The payload of somebody else: notes that objcopy added, and the old function by its name. */
function foreign(spoil: (parts: Parts) => void = () => {}, bytes = entry()): Uint8Array {
  const text = loaded('.text.f', new Uint8Array(16).fill(0x90), SHF.EXECINSTR)
  const funcs = loaded('.livepatch.funcs', bytes, SHF.WRITE)
  const names = loaded(
    '.rodata.str1.1',
    Uint8Array.from('\0old_f\0', (c) => c.charCodeAt(0)),
  )
  const ofText: SymbolDraft = {
    name: '',
    kind: 'section',
    binding: 'local',
    section: text,
    value: 0n,
  }
  const ofNames: SymbolDraft = { ...ofText, section: names }
  const parts: Parts = {
    text,
    funcs,
    names,
    notes: [note('.livepatch.depends'), note('.livepatch.xen_depends'), note('.note.gnu.build-id')],
    others: [],
    funcRelocations: [
      { offset: 0n, type: R_X86_64[64], symbol: ofNames, addend: 1n },
      { offset: 8n, type: R_X86_64[64], symbol: ofText, addend: 4n },
    ],
    textRelocations: [],
    symbols: [ofText, ofNames],
  }
  spoil(parts)
  const draft: ElfDraft = {
    type: 'relocatable',
    sections: [parts.text, parts.funcs, parts.names, ...parts.notes, ...parts.others],
    symbols: parts.symbols,
    relocationTables: [
      { target: parts.funcs, relocations: parts.funcRelocations },
      ...(parts.textRelocations.length > 0
        ? [{ target: parts.text, relocations: parts.textRelocations }]
        : []),
    ],
  }
  return writeElf(draft)
}

function without(name: string): (parts: Parts) => void {
  return (parts) => {
    parts.notes = parts.notes.filter((section) => section.name !== name)
  }
}

function replacing(section: SectionDraft): (parts: Parts) => void {
  return (parts) => {
    parts.notes = parts.notes.map((each) => (each.name === section.name ? section : each))
  }
}

function adding(...sections: readonly SectionDraft[]): (parts: Parts) => void {
  return (parts) => parts.others.push(...sections)
}

function relocatingText(relocation: Omit<RelocationDraft, 'offset'>): (parts: Parts) => void {
  return (parts) => parts.textRelocations.push({ offset: 0n, ...relocation })
}

describe('readPayload()', () => {
  it.each([1, 2] as const)('reads back what was emitted, version %i', (version) => {
    const payload = readWell(smallPayloadBytes(version))
    expect(payload.version).toBe(version)
    expect(payload.info).toEqual([
      ['name', 'xsa-1'],
      ['made-by', 'a test = this'],
    ])
    expect(payload.hooks).toEqual([])
    const expected = version === 2 ? new Uint8Array(31).fill(0x90) : undefined
    expect(payload.functions).toEqual([
      {
        name: 'check',
        oldAddress: 0xffff82d040200000n,
        oldByteLength: 32,
        code: { section: 1, offset: 0 },
        newByteLength: 13,
        expected,
      },
      {
        name: 'common/check.c#helper',
        oldAddress: 0xffff82d040200020n,
        oldByteLength: 32,
        code: { section: 2, offset: 0 },
        newByteLength: 3,
        expected,
      },
    ])
  })

  it('reads a payload of others, whose notes have no type and which names the old function', () => {
    const payload = readWell(foreign())
    expect(payload.functions).toEqual([
      {
        name: 'old_f',
        oldAddress: undefined,
        oldByteLength: 40,
        code: { section: 1, offset: 4 },
        newByteLength: 6,
        expected: undefined,
      },
    ])
    expect(payload.buildId).toBe('0102030405060708090a0b0c0d0e0f1011121314')
  })

  it('reads an old address that a relocation asks Xen for by name', () => {
    const old: SymbolDraft = {
      name: 'old_f',
      kind: 'none',
      binding: 'global',
      section: 'undefined',
      value: 0n,
    }
    const asking = (symbol: SymbolDraft): Uint8Array =>
      foreign((parts) => {
        parts.symbols.push(symbol)
        parts.funcRelocations.push({ offset: 16n, type: R_X86_64[64], symbol, addend: 0n })
      })
    expect(readWell(asking(old)).functions[0]?.oldAddress).toBeUndefined()
    const absolute = { ...old, section: 'absolute', value: 0x1000n } as const
    expect(readWell(asking(absolute)).functions[0]?.oldAddress).toBe(0x1000n)
    expect(refusalOf(asking({ ...old, name: 'other' }))).toMatchObject({
      kind: 'bad-pointer',
      field: 'old_addr',
    })
  })

  it('reads NOPs to be put over the entry', () => {
    const bytes = foreign((parts) => parts.funcRelocations.pop(), entry({ 24: [31] }))
    expect(readWell(bytes).functions[0]).toMatchObject({ code: undefined, newByteLength: 31 })
  })

  it('reads hooks alone, and names them', () => {
    const hook = loaded('.livepatch.hooks.preapply', new Uint8Array(8), SHF.WRITE)
    const funcs = loaded('.rodata.funcs', new Uint8Array(104))
    const payload = readWell(foreign((parts) => Object.assign(parts, { funcs, others: [hook] })))
    expect(payload.hooks).toEqual(['.livepatch.hooks.preapply'])
    expect(payload.functions).toEqual([])
  })

  it.each([
    [1, 'unsigned char opaque[31];'],
    [2, 'unsigned char pad[39]; unsigned char expect; unsigned char data[31];'],
  ] as const)('reads a payload made by gcc, ld and objcopy, version %i', (version, rest) => {
    const payload = readWell(madeByOthers(version, rest))
    expect(payload.functions).toEqual([
      {
        name: 'xen_extra_version',
        oldAddress: undefined,
        oldByteLength: 32,
        code: { section: expect.any(Number), offset: 0 },
        newByteLength: 8,
        expected: undefined,
      },
    ])
    expect([payload.version, payload.dependsOn]).toEqual([version, 'ab'.repeat(20)])
    expect(payload.buildId).toHaveLength(40)
    expect(payloadCode(payload).map(({ kind }) => kind)).toEqual(['code', 'constant'])
  })

  it.each<[string, Uint8Array, Partial<PayloadRefusal> & { kind: PayloadRefusal['kind'] }]>([
    [
      'a text file',
      Uint8Array.from('#!/bin/sh\n', (c) => c.charCodeAt(0)),
      { kind: 'not-readable' },
    ],
    ['a file that is too large', new Uint8Array(2 * 1024 * 1024 + 1), { kind: 'too-large' }],
    [
      'no functions',
      foreign((p) => {
        p.funcs = loaded('.rodata.f', entry())
      }),
      { kind: 'nothing-to-apply' },
    ],
    [
      'no build-id',
      foreign(without('.note.gnu.build-id')),
      { kind: 'section-missing', section: '.note.gnu.build-id' },
    ],
    [
      'no dependency',
      foreign(without('.livepatch.depends')),
      { kind: 'section-missing', section: '.livepatch.depends' },
    ],
    [
      'no Xen',
      foreign(without('.livepatch.xen_depends')),
      { kind: 'section-missing', section: '.livepatch.xen_depends' },
    ],
    ['two dependencies', foreign(adding(note('.livepatch.depends'))), { kind: 'section-twice' }],
    [
      'a note of another type',
      foreign(replacing(note('.livepatch.depends', 4))),
      { kind: 'bad-note' },
    ],
    [
      'a build-id of 4 bytes',
      foreign(replacing(note('.livepatch.depends', 3, new Uint8Array(4)))),
      { kind: 'bad-note' },
    ],
    [
      'a note that is cut',
      foreign(
        replacing({
          ...note('.livepatch.depends'),
          content: encodeNote({ owner: 'GNU', type: 3, descriptor: BUILD_ID }).subarray(0, 30),
        }),
      ),
      { kind: 'bad-note' },
    ],
    [
      'a note of another owner',
      foreign(
        replacing({
          ...note('.livepatch.depends'),
          content: encodeNote({ owner: 'XEN', type: 3, descriptor: BUILD_ID }),
        }),
      ),
      { kind: 'bad-note' },
    ],
    [
      'a note that is not loaded',
      foreign(replacing({ ...note('.livepatch.depends'), flags: 0n })),
      { kind: 'section-not-loaded' },
    ],
    [
      'a table that is cut',
      foreign(undefined, entry().subarray(0, 100)),
      { kind: 'bad-section-size', section: '.livepatch.funcs' },
    ],
    [
      'a table of one byte',
      foreign((p) => {
        p.funcRelocations = []
      }, new Uint8Array(1)),
      { kind: 'bad-section-size' },
    ],
    ['version 3', foreign(undefined, entry({ 32: [3] })), { kind: 'unknown-version', found: 3 }],
    [
      'an old size of 0',
      foreign(undefined, entry({ 28: [0] })),
      { kind: 'bad-function-size', field: 'old_size' },
    ],
    [
      'an old size of 4',
      foreign(undefined, entry({ 28: [4] })),
      { kind: 'bad-function-size', field: 'old_size' },
    ],
    [
      'a new size of 0',
      foreign(undefined, entry({ 24: [0] })),
      { kind: 'bad-function-size', field: 'new_size' },
    ],
    [
      'a new size behind the code',
      foreign(undefined, entry({ 24: [13] })),
      { kind: 'bad-pointer', field: 'new_addr' },
    ],
    [
      '32 NOPs',
      foreign((p) => p.funcRelocations.pop(), entry({ 24: [32] })),
      { kind: 'bad-function-size', field: 'new_size' },
    ],
    [
      'more NOPs than there were bytes',
      foreign((p) => p.funcRelocations.pop(), entry({ 24: [20], 28: [19] })),
      { kind: 'bad-function-size', field: 'old_size' },
    ],
    [
      'a name without a relocation',
      foreign((p) => p.funcRelocations.shift()),
      { kind: 'bad-pointer', field: 'name' },
    ],
    [
      'a new address without a relocation',
      foreign((p) => p.funcRelocations.pop(), entry({ 8: [1] })),
      { kind: 'bad-pointer', field: 'new_addr' },
    ],
    [
      'a stray relocation',
      foreign((p) => {
        p.funcRelocations = p.funcRelocations.map((r) =>
          r.offset === 8n ? { ...r, offset: 40n } : r,
        )
      }),
      { kind: 'bad-relocation' },
    ],
    [
      'bytes where Xen keeps its state',
      foreign(undefined, entry({ 71: [1] })),
      { kind: 'reserved-not-zero', at: 71 },
    ],
    [
      'reserved bits of an expectation',
      foreign(undefined, entry({ 72: [0x43] })),
      { kind: 'bad-expectation' },
    ],
    [
      'an expectation that is not enabled',
      foreign(undefined, entry({ 72: [2], 73: [1] })),
      { kind: 'bad-expectation' },
    ],
    [
      'an expectation longer than the function',
      foreign(undefined, entry({ 28: [6], 72: [1 | (7 << 1)] })),
      { kind: 'bad-expectation' },
    ],
    [
      'bytes behind an expectation',
      foreign(undefined, entry({ 72: [3], 74: [9] })),
      { kind: 'bad-expectation' },
    ],
    [
      'empty information',
      foreign(adding(loaded('.modinfo', new Uint8Array()))),
      { kind: 'bad-section-size' },
    ],
    [
      'information without an end',
      foreign(adding(loaded('.modinfo', Uint8Array.of(0x61, 0x3d)))),
      { kind: 'bad-info' },
    ],
    [
      'information without a key',
      foreign(adding(loaded('.modinfo', Uint8Array.of(0x3d, 0x61, 0)))),
      { kind: 'bad-info' },
    ],
    [
      'information for a terminal',
      foreign(adding(loaded('.modinfo', Uint8Array.of(0x61, 0x3d, 0x1b, 0)))),
      { kind: 'bad-info' },
    ],
    [
      'half a bug frame',
      foreign(adding(loaded('.bug_frames.0', new Uint8Array(12)))),
      { kind: 'bad-section-size' },
    ],
    [
      'half an exception',
      foreign(adding(loaded('.ex_table', new Uint8Array(12)))),
      { kind: 'bad-section-size' },
    ],
    [
      'half a hook',
      foreign(adding(loaded('.livepatch.hooks.load', new Uint8Array(12)))),
      { kind: 'bad-section-size' },
    ],
    [
      'two hooks where there may be one',
      foreign(adding(loaded('.livepatch.hooks.apply', new Uint8Array(16)))),
      { kind: 'bad-section-size' },
    ],
    [
      'writable code',
      foreign(adding(loaded('.text.w', new Uint8Array(4), SHF.WRITE | SHF.EXECINSTR))),
      { kind: 'bad-section', field: 'sh_flags' },
    ],
    [
      'a relocation of 32 bits',
      foreign((p) =>
        relocatingText({ type: R_X86_64['32S'], symbol: p.symbols[0] as SymbolDraft, addend: 0n })(
          p,
        ),
      ),
      { kind: 'bad-relocation' },
    ],
    [
      'a relocation against nothing',
      foreign(relocatingText({ type: R_X86_64.PC32, addend: 0n })),
      { kind: 'bad-relocation' },
    ],
    [
      'a common symbol',
      foreign((p) =>
        p.symbols.push({
          name: 'c',
          kind: 'object',
          binding: 'global',
          section: 'common',
          value: 4n,
          byteLength: 4n,
        }),
      ),
      { kind: 'bad-symbol' },
    ],
    [
      'a thread-local symbol',
      foreign((p) =>
        p.symbols.push({
          name: 't',
          kind: 'thread-local',
          binding: 'global',
          section: 'undefined',
          value: 0n,
        }),
      ),
      { kind: 'bad-symbol' },
    ],
    [
      'alternatives without replacements',
      foreign(adding(loaded('.altinstructions', new Uint8Array(14)))),
      { kind: 'section-missing' },
    ],
    [
      'alternatives without relocations',
      foreign(
        adding(
          loaded('.altinstructions', new Uint8Array(28)),
          loaded('.altinstr_replacement', new Uint8Array(4), SHF.EXECINSTR),
        ),
      ),
      { kind: 'bad-section-size' },
    ],
  ])('refuses %s', (_, bytes, refusal) => {
    expect(refusalOf(bytes)).toMatchObject(refusal)
  })

  it.each<[string, number, number, Partial<PayloadRefusal>]>([
    ['another operating system', EI.OSABI, 3, { kind: 'bad-header' }],
    ['another version of its interface', EI.ABIVERSION, 1, { kind: 'bad-header' }],
    ['program headers', FILE_HEADER.fields.e_phnum.at, 1, { kind: 'not-readable' }],
    ['an executable', FILE_HEADER.fields.e_type.at, 2, { kind: 'not-relocatable' }],
    ['another machine', FILE_HEADER.fields.e_machine.at, 3, { kind: 'not-readable' }],
  ])('refuses a file for %s', (_, at, value, refusal) => {
    const bytes = foreign()
    bytes[at] = value
    expect(refusalOf(bytes)).toMatchObject(refusal)
  })

  it.each<[string, keyof typeof SECTION_HEADER.fields, bigint]>([
    ['an alignment of 0, of which the loader makes the offset 0', 'sh_addralign', 0n],
    ['an alignment above a page', 'sh_addralign', 8192n],
    ['an address that is not aligned', 'sh_addr', 2n],
    ['flags that the loader ignores', 'sh_flags', 0x406n],
  ])('refuses a section with %s', (_, name, value) => {
    const bytes = foreign((parts) => {
      parts.text = { ...parts.text, alignment: 4 }
      parts.symbols[0] = { ...(parts.symbols[0] as SymbolDraft), section: parts.text }
      parts.funcRelocations = parts.funcRelocations.map((each) =>
        each.offset === 8n ? { ...each, symbol: parts.symbols[0] as SymbolDraft } : each,
      )
    })
    const { e_shoff } = readStruct(viewOf(bytes), 0, FILE_HEADER)
    const at = Number(e_shoff) + SECTION_HEADER.byteLength
    const spoilt = withField(bytes, at, SECTION_HEADER.fields[name], value)
    expect(refusalOf(spoilt)).toMatchObject({ kind: 'bad-section', field: name })
  })

  it('refuses an address that is not aligned of sections that are not loaded, too', () => {
    const bytes = foreign()
    const { e_shoff } = readStruct(viewOf(bytes), 0, FILE_HEADER)
    const elf = readElf(bytes)
    if (elf.kind === 'refused') throw new Error('It is an ELF file')
    const table = elf.elf.sections.find(({ type }) => type === SHT.RELA)
    const at = Number(e_shoff) + (table?.index ?? 0) * SECTION_HEADER.byteLength
    const spoilt = withField(bytes, at, SECTION_HEADER.fields.sh_addr, 4n)
    expect(refusalOf(spoilt)).toMatchObject({ kind: 'bad-section', field: 'sh_addr' })
  })
})
