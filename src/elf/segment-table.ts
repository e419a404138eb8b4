import { fileRange, isAlignment, wraps } from './bounds.ts'
import { PROGRAM_HEADER, PT } from './definitions.ts'
import type { ElfSegment } from './elf-file.ts'
import { type FileHeader, headerField } from './file-header.ts'
import { type Checked, type ElfField, read, refuse } from './refusal.ts'
import { readStruct, viewOf } from './struct-layout.ts'

/** gABI: Program Header. More segments than this are counted elsewhere (`PN_XNUM`). */
const MAX_SEGMENTS = 0xfffe

/** Reads the program header table. Entries of type `PT_NULL` are left out. */
export function readSegments(bytes: Uint8Array, header: FileHeader): Checked<ElfSegment[]> {
  const { e_phnum: count, e_phoff, e_phentsize } = header.raw
  if (count === 0) return read([])
  if (count > MAX_SEGMENTS) {
    return refuse('unsupported', headerField('e_phnum'), count, `at most ${MAX_SEGMENTS} segments`)
  }
  if (e_phentsize !== PROGRAM_HEADER.byteLength) {
    return refuse('bad-value', headerField('e_phentsize'), e_phentsize, '0x38')
  }
  const table = fileRange(bytes, e_phoff, BigInt(count * PROGRAM_HEADER.byteLength), {
    offset: headerField('e_phoff'),
    byteLength: headerField('e_phnum'),
  })
  if (table.kind === 'refused') return table

  const segments: ElfSegment[] = []
  for (let index = 0; index < count; index += 1) {
    const segment = readSegment(bytes, Number(e_phoff), index)
    if (segment.kind === 'refused') return segment
    if (segment.value.type !== PT.NULL) segments.push(segment.value)
  }
  return read(segments)
}

function readSegment(bytes: Uint8Array, tableAt: number, index: number): Checked<ElfSegment> {
  const base = tableAt + index * PROGRAM_HEADER.byteLength
  const raw = readStruct(viewOf(bytes), base, PROGRAM_HEADER)
  const field = (name: keyof typeof PROGRAM_HEADER.fields): ElfField => ({
    part: `program header ${index}`,
    field: name,
    at: base + PROGRAM_HEADER.fields[name].at,
  })
  const common = {
    type: raw.p_type,
    flags: raw.p_flags,
    virtualStart: raw.p_vaddr,
    physicalStart: raw.p_paddr,
    memoryBytes: raw.p_memsz,
  }
  // gABI: Program Header: the other members of a PT_NULL entry mean nothing.
  if (raw.p_type === PT.NULL) return read({ ...common, fileOffset: 0, bytes: new Uint8Array() })

  const content = fileRange(bytes, raw.p_offset, raw.p_filesz, {
    offset: field('p_offset'),
    byteLength: field('p_filesz'),
  })
  if (content.kind === 'refused') return content
  if (raw.p_type === PT.LOAD && raw.p_filesz > raw.p_memsz) {
    return refuse('bad-value', field('p_memsz'), raw.p_memsz, 'at least p_filesz')
  }
  if (wraps(raw.p_vaddr, raw.p_memsz)) {
    return refuse('wraps', field('p_memsz'), raw.p_memsz, 'an end within the address space')
  }
  if (!isAlignment(raw.p_align)) {
    return refuse('bad-value', field('p_align'), raw.p_align, '0x0 or a power of two')
  }
  return read({ ...common, fileOffset: Number(raw.p_offset), bytes: content.value })
}
