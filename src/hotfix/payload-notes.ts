import type { ElfFile } from '../elf/elf-file.ts'
import { readElf } from '../elf/read.ts'
import { type BuildId, buildIdFromBytes } from '../image/build-id.ts'

/** The identities in a payload's notes. */
export interface PayloadNotes {
  readonly buildId: BuildId | undefined
  /** The build of Xen that it is for, or where no note says so, what it depends on. */
  readonly xenBuildId: BuildId | undefined
}

const OWN = '.note.gnu.build-id'
const XEN = '.livepatch.xen_depends'
const BELOW = '.livepatch.depends'

/** Undefined where the bytes are no relocatable ELF file. */
export function readPayloadNotes(bytes: Uint8Array): PayloadNotes | undefined {
  const read = readElf(bytes)
  if (read.kind === 'refused' || read.elf.type !== 'relocatable') return undefined
  return {
    buildId: noteIn(read.elf, OWN),
    xenBuildId: noteIn(read.elf, XEN) ?? noteIn(read.elf, BELOW),
  }
}

function noteIn(elf: ElfFile, section: string): BuildId | undefined {
  const note = elf.notes.find((each) => elf.sections[each.section]?.name === section)
  return note && buildIdFromBytes(note.descriptor)
}
