import { createHash } from 'node:crypto'
import type { Patch, Piece } from '../../../src/diff/patch.ts'
import { NT_GNU_BUILD_ID, R_X86_64, SHF, SHT } from '../../../src/elf/definitions.ts'
import type { RelocationDraft, SectionDraft, SymbolDraft } from '../../../src/elf/draft.ts'
import { encodeNote } from '../../../src/elf/note.ts'
import { writeElf } from '../../../src/elf/write.ts'
import { type BuildId, parseBuildId } from '../../../src/image/build-id.ts'
import type { Image, ImageSymbol } from '../../../src/image/image.ts'

/** A payload such as Xen's own tests have (xen/test/livepatch): one function, told what to say. */
export interface TestLivepatch {
  /** What the function of this name will return, or undefined to put NOPs over it. */
  readonly replaces: string
  readonly says: string | undefined
  /** How many bytes of NOPs. */
  readonly nopBytes?: number
  /** What must be at the function's entry. */
  readonly expected?: Uint8Array
  /** What must be on top of the stack; Xen when absent. */
  readonly dependsOn?: BuildId
  /** The build that it is for; none says nothing. The image's when absent. */
  readonly xenBuildId?: BuildId | 'none'
  /** Whether it brings data that it may write. */
  readonly data?: boolean
  /** One string of `.modinfo`: `key=value`. */
  readonly info?: string
  /** How many bytes of no use it brings along. */
  readonly fillerBytes?: number
}

export interface MadeLivepatch {
  /** In base64, as `test/dom0/livepatch.ts` takes it. */
  readonly payload: string
  readonly buildId: BuildId
}

/** `lea rax, [rip + words]; ret`: the words' place is at 3. */
const CODE = Uint8Array.of(0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3)

/** One `struct livepatch_func` of version 2: see src/payload/livepatch-format.ts. */
const FUNC_BYTES = 104

/** A payload made by hand, and so with every fault that a test wants it to have. */
export function testLivepatch(image: Image, made: TestLivepatch): MadeLivepatch {
  const symbol = symbolOf(image, made.replaces)
  const digest = createHash('sha1')
    .update(
      JSON.stringify(made, (_, value: unknown) =>
        value instanceof Uint8Array ? [...value] : value,
      ),
    )
    .digest()
  const buildId = parseBuildId(digest.toString('hex'))
  if (buildId === undefined) throw new Error('A SHA-1 is a build-id')

  const alloc = SHF.ALLOC
  const text = section('.text', alloc | SHF.EXECINSTR, CODE.slice(), 16)
  const words = section('.rodata.str', alloc, ascii(made.says ?? ''))
  const names = section('.livepatch.strings', alloc, ascii(made.replaces))
  const funcs = section('.livepatch.funcs', alloc | SHF.WRITE, new Uint8Array(FUNC_BYTES), 8)
  const func = new DataView((funcs.content as Uint8Array).buffer)
  func.setBigUint64(16, symbol.address, true)
  func.setUint32(24, made.says === undefined ? (made.nopBytes ?? 5) : CODE.length, true)
  func.setUint32(28, symbol.byteLength, true)
  func.setUint8(32, 2)
  if (made.expected !== undefined) {
    func.setUint8(72, 1 | (made.expected.length << 1))
    ;(funcs.content as Uint8Array).set(made.expected, 73)
  }

  const sections: SectionDraft[] = [
    text,
    words,
    names,
    funcs,
    note('.livepatch.depends', made.dependsOn ?? image.buildId),
    note('.note.gnu.build-id', buildId),
  ]
  if (made.xenBuildId !== 'none') {
    sections.push(note('.livepatch.xen_depends', made.xenBuildId ?? image.buildId))
  }
  if (made.info !== undefined) sections.push(section('.modinfo', alloc, ascii(made.info)))
  if (made.fillerBytes !== undefined) {
    sections.push(section('.rodata', alloc, new Uint8Array(made.fillerBytes)))
  }
  if (made.data === true) sections.push(section('.data', alloc | SHF.WRITE, new Uint8Array(8), 8))

  const symbols = new Map(
    [text, words, names].map((each): [SectionDraft, SymbolDraft] => [
      each,
      { name: '', kind: 'section', binding: 'local', section: each, value: 0n },
    ]),
  )
  const against = (target: SectionDraft): SymbolDraft => {
    const draft = symbols.get(target)
    if (draft === undefined) throw new Error(`${target.name} has no symbol`)
    return draft
  }
  const inFuncs: RelocationDraft[] = [
    { offset: 0n, type: R_X86_64[64], symbol: against(names), addend: 0n },
  ]
  if (made.says !== undefined) {
    inFuncs.push({ offset: 8n, type: R_X86_64[64], symbol: against(text), addend: 0n })
  }
  const inText: RelocationDraft[] = [
    { offset: 3n, type: R_X86_64.PC32, symbol: against(words), addend: -4n },
  ]
  const bytes = writeElf({
    type: 'relocatable',
    sections,
    symbols: [...symbols.values()],
    relocationTables: [
      { target: text, relocations: inText },
      { target: funcs, relocations: inFuncs },
    ],
  })
  return { payload: Buffer.from(bytes).toString('base64'), buildId }
}

/** A patch by which a function returns other words, as the diff of two builds would give it. */
export function patchSaying(image: Image, replaces: string, says: string): Patch {
  const oldByteLength = symbolOf(image, replaces).byteLength
  const symbol = { name: replaces, file: undefined }
  const common = { object: 'test.o', entryBytes: 0, relocations: [] }
  const words: Piece = {
    ...common,
    id: 'test.o:.rodata.words',
    section: '.rodata.words',
    flags: SHF.ALLOC,
    alignment: 1,
    content: ascii(says),
  }
  const code: Piece = {
    ...common,
    id: `test.o:.text.${replaces}`,
    section: `.text.${replaces}`,
    flags: SHF.ALLOC | SHF.EXECINSTR,
    alignment: 16,
    content: CODE,
    relocations: [
      {
        at: 3,
        type: R_X86_64.PC32,
        target: { kind: 'piece', piece: words.id, offset: 0 },
        addend: -4n,
      },
    ],
  }
  const byteLength = CODE.length
  return {
    pieces: [code, words],
    symbols: [{ ...symbol, kind: 'function', piece: code.id, offset: 0, byteLength }],
    replacements: [{ symbol, piece: code.id, oldByteLength, newByteLength: byteLength }],
  }
}

function symbolOf(image: Image, name: string): ImageSymbol {
  const found = image.find(name)
  if (found.kind !== 'found') throw new Error(`The image has no ${name}`)
  return found.symbol
}

function section(name: string, flags: bigint, content: Uint8Array, alignment = 1): SectionDraft {
  return { name, type: SHT.PROGBITS, flags, content, alignment }
}

function note(name: string, buildId: BuildId): SectionDraft {
  const descriptor = Uint8Array.from(Buffer.from(buildId, 'hex'))
  const content = encodeNote({ owner: 'GNU', type: NT_GNU_BUILD_ID, descriptor })
  return { name, type: SHT.NOTE, flags: SHF.ALLOC, content, alignment: 4 }
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}
