import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileC, compileObject, linkImage } from '../../test/testing/compile-c.ts'
import type { Patch, Piece } from '../diff/patch.ts'
import { R_X86_64, SHF } from '../elf/definitions.ts'
import type { ElfFile } from '../elf/elf-file.ts'
import { readElf } from '../elf/read.ts'
import { listElf, listReadelf } from '../elf/testing/readelf-text.ts'
import type { Image } from '../image/image.ts'
import { SAMPLE_BUILD_ID, SAMPLE_START, sampleImage } from '../image/testing/sample-image.ts'
import { checkPayload } from './check-payload.ts'
import { emitLivepatch, type LivepatchInput } from './emit-livepatch.ts'
import { describePayloadReason, type PayloadReason } from './payload-reason.ts'
import { patchFromObject } from './testing/object-patch.ts'
import { emitted, readWell, smallImage, smallPatch } from './testing/sample-payload.ts'
import { alternativesTable, tableImage, xenTable } from './testing/table-image.ts'
import { SAMPLE_AFTER, SAMPLE_BEFORE } from './testing/sample-patch.ts'

function compiledImage(): Image {
  return linkImage([compileObject('check.c', SAMPLE_BEFORE)])
}

function compiledPatch(image: Image): Patch {
  const found = image.find('check')
  if (found.kind !== 'found') throw new Error('The image has no function to replace')
  return patchFromObject({
    elf: compileC('check.c', SAMPLE_AFTER),
    object: 'check.o',
    file: 'check.c',
    replaced: new Map([['check', found.symbol.byteLength]]),
    added: ['bounded', 'bounds', 'reporters'],
  })
}

function elfOf(bytes: Uint8Array): ElfFile {
  const result = readElf(bytes)
  if (result.kind === 'refused') throw new Error(result.refusal.field)
  return result.elf
}

function sectionBytes(elf: ElfFile, name: string): Uint8Array {
  const found = elf.sections.filter((section) => section.name === name)
  expect(found).toHaveLength(1)
  return new Uint8Array(found[0]?.bytes ?? [])
}

function inFolder<T>(bytes: Uint8Array, work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'reweave-payload-'))
  try {
    writeFileSync(path.join(folder, 'made.livepatch'), bytes)
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(folder: string, program: string, args: readonly string[]): string {
  const env = { ...process.env, LC_ALL: 'C' }
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', env, stdio: 'pipe' })
}

function refusedBy(changes: Partial<LivepatchInput>): readonly PayloadReason[] {
  const result = emitLivepatch({
    patch: smallPatch(),
    image: smallImage(),
    version: 2,
    info: [],
    digest: (bytes) => createHash('sha1').update(bytes).digest(),
    ...changes,
  })
  if (result.kind === 'emitted') throw new Error('This was to be refused')
  for (const reason of result.reasons) expect(describePayloadReason(reason)).toMatch(/\w/)
  return result.reasons
}

/** The small patch with its first piece changed. */
function withFirstPiece(changes: Partial<Piece>): Patch {
  const patch = smallPatch()
  const pieces = patch.pieces.map((piece, index) =>
    index === 0 ? { ...piece, ...changes } : piece,
  )
  return { ...patch, pieces }
}

describe('emitLivepatch()', () => {
  it('makes a file that readelf reads without a warning and as we do', () => {
    const image = compiledImage()
    const bytes = emitted(compiledPatch(image), image)
    const text = inFolder(bytes, (folder) => run(folder, 'readelf', ['-SsrW', 'made.livepatch']))
    expect(text).not.toMatch(/warning|error/i)
    expect(listReadelf(text)).toEqual(listElf(elfOf(bytes)))
  })

  it('makes a file that ld takes as an object', () => {
    const image = compiledImage()
    inFolder(emitted(compiledPatch(image), image), (folder) => {
      expect(run(folder, 'ld', ['-r', '-o', 'again.o', 'made.livepatch'])).toBe('')
      const text = run(folder, 'readelf', ['-SW', 'again.o'])
      expect(text).toContain('.livepatch.funcs')
      expect(text).toContain('.text.bounded')
    })
  })

  it('names what it needs of the hypervisor as Xen does, static symbols with their file', () => {
    const image = compiledImage()
    const { symbols } = elfOf(emitted(compiledPatch(image), image))
    const undefinedNames = symbols.slice(1).filter(({ section }) => section === 'undefined')
    expect(undefinedNames.map(({ name }) => name).toSorted()).toEqual([
      'check.c#count',
      'check.c#seen',
      'limit',
      'printk',
      'report',
    ])
  })

  it('keeps the name of a replaced function and marks that of a new one', () => {
    const image = compiledImage()
    const result = emitLivepatch({
      patch: compiledPatch(image),
      image,
      version: 2,
      info: [],
      digest: (bytes) => createHash('sha1').update(bytes).digest(),
    })
    if (result.kind === 'refused') throw new Error('It was refused')
    const mark = result.buildId.slice(0, 8)
    const named = elfOf(result.bytes).symbols.filter(
      ({ name, section }) => name !== '' && typeof section === 'number',
    )
    expect(named.map(({ name }) => name).toSorted()).toEqual([
      'check',
      `check.c#bounded.${mark}`,
      `check.c#bounds.${mark}`,
      `reporters.${mark}`,
    ])
  })

  it('lays entries of version 2 out as C does', () => {
    const image = smallImage()
    const elf = compileC(
      'funcs.c',
      `struct func { const char *name; void *new_addr; void *old_addr; unsigned new_size, old_size;
        unsigned char version; unsigned char pad[39];
        struct { unsigned char enabled : 1, len : 5, rsv : 2; unsigned char data[31]; } expect; };
      _Static_assert(sizeof(struct func) == 104, "size");
      struct func funcs[] = {
        { 0, 0, (void *)0xffff82d040200000, 13, 32, 2, {0}, { 1, 31, 0, { [0 ... 30] = 0x90 } } },
        { 0, 0, (void *)0xffff82d040200020, 3, 32, 2, {0}, { 1, 31, 0, { [0 ... 30] = 0x90 } } },
      };`,
    )
    expect(sectionBytes(elfOf(emitted(smallPatch(), image)), '.livepatch.funcs')).toEqual(
      sectionBytes(elf, '.data.funcs'),
    )
  })

  it('lays entries of version 1 out as C does', () => {
    const elf = compileC(
      'funcs.c',
      `struct func { const char *name; void *new_addr; void *old_addr; unsigned new_size, old_size;
        unsigned char version; unsigned char opaque[31]; };
      _Static_assert(sizeof(struct func) == 64, "size");
      struct func funcs[] = {
        { 0, 0, (void *)0xffff82d040200000, 13, 32, 1 },
        { 0, 0, (void *)0xffff82d040200020, 3, 32, 1 },
      };`,
    )
    expect(sectionBytes(elfOf(emitted(smallPatch(), smallImage(), 1)), '.livepatch.funcs')).toEqual(
      sectionBytes(elf, '.data.funcs'),
    )
  })

  it('says in version 2 which Xen it is for, and in version 1 only what it stands on', () => {
    const second = readWell(emitted(smallPatch(), smallImage(), 2))
    expect([second.xenBuildId, second.dependsOn]).toEqual([SAMPLE_BUILD_ID, SAMPLE_BUILD_ID])
    const first = readWell(emitted(smallPatch(), smallImage(), 1))
    expect([first.xenBuildId, first.dependsOn]).toEqual([undefined, SAMPLE_BUILD_ID])
  })

  it('gives equal bytes for equal inputs', () => {
    expect(emitted(smallPatch(), smallImage())).toEqual(emitted(smallPatch(), smallImage()))
  })

  it('gives payloads that differ in one byte different build-ids', () => {
    const other = withFirstPiece({ content: new Uint8Array(13).fill(0x90) })
    expect(readWell(emitted(other, smallImage())).buildId).not.toBe(
      readWell(emitted(smallPatch(), smallImage())).buildId,
    )
  })

  it("gives an address where the hypervisor's table does not lead to the symbol", () => {
    const symbols = [
      { name: 'check', offset: 0, byteLength: 32 },
      { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
      { name: 'printk', offset: 64, byteLength: 16 },
    ]
    const imageWith = (...names: readonly (readonly [string, number])[]): Image =>
      tableImage(new Uint8Array(256).fill(0x90), symbols, xenTable(names))
    const named = (image: Image): unknown => {
      const payload = readWell(emitted(smallPatch(), image))
      expect(checkPayload(payload, image)).toEqual([])
      return payload.elf.symbols.find(({ name }) => name === 'printk')
    }
    expect(named(imageWith(['printk', 64]))).toMatchObject({ section: 'undefined', value: 0n })
    const absolute = { section: 'absolute', value: SAMPLE_START + 64n }
    expect(named(imageWith(['printk', 64], ['printk', 80]))).toMatchObject(absolute)
    expect(named(imageWith(['printk', 80]))).toMatchObject(absolute)
    expect(named(imageWith())).toMatchObject(absolute)
  })

  it('expects the bytes at each entry, up to the first that boot may rewrite', () => {
    const symbols = [
      { name: 'check', offset: 0, byteLength: 32 },
      { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
      { name: 'printk', offset: 64, byteLength: 16 },
    ]
    const code = Uint8Array.from({ length: 256 }, (_, at) => at)
    const sites = alternativesTable([
      [7, 3],
      [32, 5],
    ])
    const image = tableImage(code, symbols, [sites])
    const payload = readWell(emitted(smallPatch(), image))
    expect(payload.functions.map(({ expected }) => expected)).toEqual([
      Uint8Array.of(0, 1, 2, 3, 4, 5, 6),
      undefined,
    ])
    expect(checkPayload(payload, image)).toEqual([])
  })

  it('refuses a symbol that several of one file bear', () => {
    const image = sampleImage({
      text: new Uint8Array(256).fill(0x90),
      symbols: [
        { name: 'check', offset: 0, byteLength: 32 },
        { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
        { name: 'helper', file: 'common/check.c', offset: 96, byteLength: 32 },
        { name: 'printk', offset: 64, byteLength: 16 },
      ],
    })
    expect(refusedBy({ image })).toMatchObject([
      { kind: 'symbol-ambiguous', symbol: 'common/check.c#helper' },
    ])
  })

  it('refuses a symbol that the image lacks', () => {
    const image = sampleImage({
      text: new Uint8Array(256).fill(0x90),
      symbols: [
        { name: 'check', offset: 0, byteLength: 32 },
        { name: 'helper', file: 'common/check.c', offset: 32, byteLength: 32 },
      ],
    })
    expect(refusedBy({ image })).toMatchObject([
      { kind: 'symbol-unresolved', symbol: 'printk', user: 'check.o:.text.check' },
    ])
  })

  it('refuses a function that is shorter than the jump over it', () => {
    const [, second] = smallPatch().replacements
    if (second === undefined) throw new Error('The patch has two')
    const patch = {
      ...smallPatch(),
      replacements: [{ ...second, symbol: { name: 'tiny', file: undefined }, oldByteLength: 4 }],
    }
    expect(refusedBy({ patch })).toMatchObject([
      { kind: 'function-too-short', symbol: 'tiny', byteLength: 4, neededBytes: 5 },
    ])
  })

  it('wants room for the jump behind endbr64', () => {
    const text = new Uint8Array(256).fill(0x90)
    text.set([0xf3, 0x0f, 0x1e, 0xfa], 80)
    const image = sampleImage({
      text,
      symbols: [
        { name: 'tiny', offset: 80, byteLength: 8 },
        { name: 'printk', offset: 64, byteLength: 16 },
      ],
    })
    const [, second] = smallPatch().replacements
    if (second === undefined) throw new Error('The patch has two')
    const patch = {
      ...smallPatch(),
      replacements: [{ ...second, symbol: { name: 'tiny', file: undefined }, oldByteLength: 8 }],
    }
    expect(refusedBy({ patch, image })).toMatchObject([
      { kind: 'function-too-short', symbol: 'tiny', byteLength: 8, neededBytes: 9 },
    ])
  })

  it('refuses a function of another length than the one that was proven', () => {
    const [first] = smallPatch().replacements
    if (first === undefined) throw new Error('The patch has two')
    const patch = { ...smallPatch(), replacements: [{ ...first, oldByteLength: 30 }] }
    expect(refusedBy({ patch })).toMatchObject([
      { kind: 'function-length-differs', symbol: 'check', foundBytes: 32, wantedBytes: 30 },
    ])
  })

  it('refuses two replacements of one function by its two names', () => {
    const patch = smallPatch()
    const [first, second] = patch.replacements
    if (first === undefined || second === undefined) throw new Error('The patch has two')
    const alias = { ...second, symbol: { name: 'alias', file: undefined } }
    expect(refusedBy({ patch: { ...patch, replacements: [first, alias] } })).toMatchObject([
      { kind: 'function-replaced-twice', symbol: 'alias', other: 'check' },
    ])
  })

  it('refuses a patch that replaces nothing', () => {
    expect(refusedBy({ patch: { ...smallPatch(), replacements: [] } })).toMatchObject([
      { kind: 'nothing-replaced' },
    ])
  })

  it('refuses relocations that Xen does not apply', () => {
    const [piece] = smallPatch().pieces
    const relocations = piece?.relocations.map((each) => ({ ...each, type: R_X86_64['32S'] }))
    expect(refusedBy({ patch: withFirstPiece({ relocations: relocations ?? [] }) })).toMatchObject([
      { kind: 'relocation-not-supported', at: 3, type: 11 },
      { kind: 'relocation-not-supported', at: 8, type: 11 },
    ])
  })

  it.each([
    ['.init.text', SHF.ALLOC | SHF.EXECINSTR],
    ['.data.percpu', SHF.ALLOC | SHF.WRITE],
    ['.livepatch.hooks.load', SHF.ALLOC],
    ['.modinfo', SHF.ALLOC],
    ['.comment', 0n],
    ['.text.both', SHF.ALLOC | SHF.EXECINSTR | SHF.WRITE],
    ['.tdata', SHF.ALLOC | SHF.WRITE | 0x400n],
  ])('refuses a piece for %s', (section, flags) => {
    expect(refusedBy({ patch: withFirstPiece({ section, flags }) })).toMatchObject([
      { kind: 'section-not-understood', section },
    ])
  })

  it('refuses an alignment above a page', () => {
    expect(refusedBy({ patch: withFirstPiece({ alignment: 8192 }) })).toMatchObject([
      { kind: 'alignment-too-large', found: 8192, wantedAtMost: 4096 },
    ])
  })

  it('refuses more than two mebibytes', () => {
    const content = new Uint8Array(2 * 1024 * 1024)
    expect(refusedBy({ patch: withFirstPiece({ content }) })).toMatchObject([
      { kind: 'payload-too-large', wantedAtMostBytes: 2 * 1024 * 1024 },
    ])
  })

  it('lists all that stands in the way at once', () => {
    const [first] = smallPatch().replacements
    if (first === undefined) throw new Error('The patch has two')
    const patch = {
      ...withFirstPiece({ alignment: 8192, section: '.exit.text' }),
      replacements: [{ ...first, oldByteLength: 31 }],
    }
    expect(refusedBy({ patch }).map(({ kind }) => kind)).toEqual([
      'section-not-understood',
      'alignment-too-large',
      'function-length-differs',
    ])
  })

  it('stays below the number of sections that Xen takes, whatever the number of functions', () => {
    const count = 700
    const image = sampleImage({
      text: new Uint8Array(count * 16).fill(0x90),
      symbols: Array.from({ length: count }, (_, index) => ({
        name: `f${index}`,
        offset: index * 16,
        byteLength: 16,
      })),
    })
    const pieces = Array.from({ length: count }, (_, index): Piece => ({
      id: `a.o:.text.f${index}`,
      object: 'a.o',
      section: `.text.f${index}`,
      flags: SHF.ALLOC | SHF.EXECINSTR,
      entryBytes: 0,
      alignment: 16,
      content: Uint8Array.of(0xe9, 0, 0, 0, 0, index & 0xff),
      relocations: [
        {
          at: 1,
          type: R_X86_64.PC32,
          target: { kind: 'piece', piece: `a.o:.text.f${(index + 1) % count}`, offset: 0 },
          addend: -4n,
        },
      ],
    }))
    const patch: Patch = {
      pieces,
      symbols: [],
      replacements: pieces.map(({ id }, index) => ({
        symbol: { name: `f${index}`, file: undefined },
        piece: id,
        oldByteLength: 16,
        newByteLength: 6,
      })),
    }
    const payload = readWell(emitted(patch, image))
    expect(payload.elf.sections.length).toBeLessThan(1024)
    expect(payload.functions.map(({ code }) => code?.offset)).toEqual(
      pieces.map((_, index) => index * 16),
    )
  })

  it('puts constants with addresses in them where they cannot be written', () => {
    const patch = withFirstPiece({})
    const pieces = patch.pieces.map((piece) =>
      piece.id === 'check.o:.rodata.str'
        ? { ...piece, section: '.data.rel.ro.local', flags: SHF.ALLOC | SHF.WRITE }
        : piece,
    )
    const elf = elfOf(emitted({ ...patch, pieces }, smallImage()))
    const found = elf.sections.find(({ name }) => name === '.data.rel.ro.local')
    expect(found?.flags).toBe(SHF.ALLOC)
  })

  it('throws where the patch contradicts itself', () => {
    const [first, ...rest] = smallPatch().pieces
    if (first === undefined) throw new Error('The patch has three')
    const twice = { ...smallPatch(), pieces: [first, first, ...rest] }
    expect(() => emitted(twice, smallImage())).toThrow(RangeError)
    const beyond = withFirstPiece({ content: new Uint8Array(10) })
    expect(() => emitted(beyond, smallImage())).toThrow(RangeError)
  })

  it('throws at information that Xen could not show', () => {
    const input = { patch: smallPatch(), image: smallImage(), version: 2 } as const
    const digest = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()
    for (const line of [
      ['a=b', 'c'],
      ['', 'c'],
      ['a', 'b\n'],
      ['a', 'b\0c'],
    ] as const) {
      expect(() => emitLivepatch({ ...input, info: [line], digest })).toThrow(RangeError)
    }
    const short = (): Uint8Array => new Uint8Array(4)
    expect(() => emitLivepatch({ ...input, info: [], digest: short })).toThrow(RangeError)
  })
})
