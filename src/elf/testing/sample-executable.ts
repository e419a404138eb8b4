import { PF, PT, SHF, SHT } from '../definitions.ts'
import type { ElfDraft, SectionDraft } from '../draft.ts'

/** A linked file for tests: one section of code in one segment. */
export function sampleExecutable(): ElfDraft {
  const text: SectionDraft = {
    name: '.text',
    type: SHT.PROGBITS,
    flags: SHF.ALLOC | SHF.EXECINSTR,
    address: 0x20_0000n,
    alignment: 16,
    content: new Uint8Array(32).fill(0x90),
  }
  return {
    type: 'executable',
    sections: [text],
    symbols: [{ name: 'f', kind: 'function', binding: 'global', section: text, value: 0x20_0000n }],
    segments: [{ type: PT.LOAD, flags: PF.R | PF.X, sections: [text] }],
  }
}
