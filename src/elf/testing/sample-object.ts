/**
 * An object file as a compiler makes it, for tests: code that calls an external function, data
 * that points to the code, and a note.
 *
 * @module
 */

import { R_X86_64, SHF, SHT } from '../definitions.ts'
import type { ElfDraft, SectionDraft, SymbolDraft } from '../draft.ts'
import { encodeNote } from '../note.ts'

const text: SectionDraft = {
  name: '.text',
  type: SHT.PROGBITS,
  flags: SHF.ALLOC | SHF.EXECINSTR,
  alignment: 16,
  content: Uint8Array.of(0xe8, 0, 0, 0, 0, 0xc3),
}

const data: SectionDraft = {
  name: '.data',
  type: SHT.PROGBITS,
  flags: SHF.ALLOC | SHF.WRITE,
  alignment: 8,
  content: new Uint8Array(16),
}

const bss: SectionDraft = {
  name: '.bss',
  type: SHT.NOBITS,
  flags: SHF.ALLOC | SHF.WRITE,
  alignment: 32,
  content: { byteLength: 64 },
}

const note: SectionDraft = {
  name: '.note.sample',
  type: SHT.NOTE,
  flags: SHF.ALLOC,
  alignment: 4,
  content: encodeNote({ owner: 'Reweave', type: 7, descriptor: Uint8Array.of(1, 2, 3) }),
}

const entry: SymbolDraft = {
  name: 'entry',
  kind: 'function',
  binding: 'global',
  section: text,
  value: 0n,
  byteLength: 6n,
}

const ofText: SymbolDraft = {
  name: '',
  kind: 'section',
  binding: 'local',
  section: text,
  value: 0n,
}

const printk: SymbolDraft = {
  name: 'printk',
  kind: 'none',
  binding: 'global',
  section: 'undefined',
  value: 0n,
}

export const SAMPLE_OBJECT: ElfDraft = {
  type: 'relocatable',
  sections: [text, data, bss, note],
  symbols: [
    entry,
    { name: 'common/sample.c', kind: 'file', binding: 'local', section: 'absolute', value: 0n },
    ofText,
    { name: 'table', kind: 'object', binding: 'local', section: data, value: 0n, byteLength: 16n },
    {
      name: 'zeros',
      kind: 'object',
      binding: 'weak',
      visibility: 'hidden',
      section: bss,
      value: 32n,
      byteLength: 32n,
    },
    printk,
  ],
  relocationTables: [
    {
      target: text,
      relocations: [{ offset: 1n, type: R_X86_64.PLT32, symbol: printk, addend: -4n }],
    },
    {
      target: data,
      relocations: [
        { offset: 0n, type: R_X86_64[64], symbol: entry, addend: 0n },
        { offset: 8n, type: R_X86_64[64], symbol: ofText, addend: 5n },
      ],
    },
  ],
}
