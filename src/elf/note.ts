import { NOTE_HEADER, SHT } from './definitions.ts'
import type { ElfNote, ElfSection } from './elf-file.ts'
import { type Checked, type ElfField, read, refuse } from './refusal.ts'
import type { SectionTable } from './section-table.ts'
import { readString } from './string-table.ts'
import { readStruct, viewOf, writeStruct } from './struct-layout.ts'

/** Reads every note of every note section (gABI: Note Section), in order. */
export function readNotes({ sections }: SectionTable): Checked<ElfNote[]> {
  const notes: ElfNote[] = []
  for (const section of sections) {
    if (section.type !== SHT.NOTE || section.bytes === undefined) continue
    const found = readNoteSection(section, section.bytes)
    if (found.kind === 'refused') return found
    for (const note of found.value) notes.push(note)
  }
  return read(notes)
}

/** One note as it stands in a note section, padded for the next one to follow. */
export function encodeNote(note: {
  readonly owner: string
  readonly type: number
  readonly descriptor: Uint8Array
}): Uint8Array {
  const owner = Uint8Array.from(`${note.owner}\0`, (letter) => letter.charCodeAt(0))
  const descriptorAt = roundUp(NOTE_HEADER.byteLength + owner.length, 4)
  const bytes = new Uint8Array(roundUp(descriptorAt + note.descriptor.length, 4))
  writeStruct(viewOf(bytes), 0, NOTE_HEADER, {
    n_namesz: owner.length,
    n_descsz: note.descriptor.length,
    n_type: note.type,
  })
  bytes.set(owner, NOTE_HEADER.byteLength)
  bytes.set(note.descriptor, descriptorAt)
  return bytes
}

function readNoteSection(section: ElfSection, bytes: Uint8Array): Checked<ElfNote[]> {
  // The gABI wants 8 in 64-bit files, GNU tools use 4 except for `.note.gnu.property`; the
  // section's alignment tells which.
  const alignment = section.alignment === 8n ? 8 : 4
  const notes: ElfNote[] = []
  let at = 0
  while (at < bytes.length) {
    const field = (name: keyof typeof NOTE_HEADER.fields): ElfField => ({
      part: `note ${notes.length} of section ${section.index}`,
      field: name,
      at: section.fileOffset + at + NOTE_HEADER.fields[name].at,
    })
    const rest = bytes.length - at
    if (rest < NOTE_HEADER.byteLength) {
      return refuse('out-of-bounds', field('n_namesz'), rest, 'at least 12 bytes for a note')
    }
    const raw = readStruct(viewOf(bytes), at, NOTE_HEADER)
    const nameAt = at + NOTE_HEADER.byteLength
    const descriptorAt = roundUp(nameAt + raw.n_namesz, alignment)
    const end = descriptorAt + raw.n_descsz
    if (nameAt + raw.n_namesz > bytes.length) {
      return refuse('out-of-bounds', field('n_namesz'), raw.n_namesz, 'a name within the section')
    }
    if (end > bytes.length) {
      const wanted = 'a descriptor within the section'
      return refuse('out-of-bounds', field('n_descsz'), raw.n_descsz, wanted)
    }
    const name = bytes.subarray(nameAt, nameAt + raw.n_namesz)
    const owner = name.length === 0 ? read('') : readString(name, 0, field('n_namesz'))
    if (owner.kind === 'refused') return owner
    notes.push({
      section: section.index,
      owner: owner.value,
      type: raw.n_type,
      descriptor: bytes.subarray(descriptorAt, end),
      descriptorAt,
    })
    at = roundUp(end, alignment)
  }
  return read(notes)
}

function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment
}
