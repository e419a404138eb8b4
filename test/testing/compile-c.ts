/**
 * Real objects and small hypervisor images for tests, made by gcc and ld when a test runs.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ElfFile } from '../../src/elf/elf-file.ts'
import { readElf } from '../../src/elf/read.ts'
import { describeElfRefusal } from '../../src/elf/refusal.ts'
import type { Image } from '../../src/image/image.ts'
import { describeImageRefusal } from '../../src/image/image-refusal.ts'
import { readImage } from '../../src/image/read-image.ts'

/** As Xen 4.17 compiles, as far as it shows in an object's form. */
const XEN_FLAGS = [
  '-m64',
  '-O2',
  '-fpic',
  '-nostdinc',
  '-fno-builtin',
  '-fno-common',
  '-ffunction-sections',
  '-fdata-sections',
  '-fno-jump-tables',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-mno-red-zone',
  '-mno-sse',
  '-fcf-protection=none',
]

/** Xen includes the like into every source (xen/include/xen/compiler.h). */
const HIDDEN = '#pragma GCC visibility push(hidden)\n'

/** The object that gcc makes of a C source called `name`. */
export function compileObject(
  name: string,
  source: string,
  flags: readonly string[] = [],
): Uint8Array {
  return inFolder((folder) => {
    writeFileSync(path.join(folder, name), `${HIDDEN}#line 1\n${source}`)
    run(folder, 'gcc', [...XEN_FLAGS, ...flags, '-c', name, '-o', 'made.o'])
    return readFileSync(path.join(folder, 'made.o'))
  })
}

/** The same, read. */
export function compileC(name: string, source: string, flags: readonly string[] = []): ElfFile {
  const result = readElf(compileObject(name, source, flags))
  if (result.kind === 'refused') throw new Error(describeElfRefusal(result.refusal))
  return result.elf
}

/** Objects linked as Xen links itself: at its address, with the same symbols around its tables. */
export function linkImage(objects: readonly Uint8Array[]): Image {
  const result = readImage(
    inFolder((folder) => {
      const names = objects.map((bytes, index) => {
        writeFileSync(path.join(folder, `${index}.o`), bytes)
        return `${index}.o`
      })
      writeFileSync(path.join(folder, 'image.lds'), LINKER_SCRIPT)
      run(folder, 'ld', [
        '-melf_x86_64',
        '--no-warn-rwx-segments',
        '--build-id=sha1',
        '-T',
        'image.lds',
        '-o',
        'image',
        ...names,
      ])
      return readFileSync(path.join(folder, 'image'))
    }),
  )
  if (result.kind === 'refused') throw new Error(describeImageRefusal(result.refusal))
  return result.image
}

const LINKER_SCRIPT = `
ENTRY(_start)
PHDRS { text PT_LOAD; note PT_NOTE; }
SECTIONS {
  . = 0xffff82d040200000;
  _start = .;
  .text : { *(.text.unlikely .text.unlikely.*) *(.text .text.*) *(.fixup) } :text
  . = ALIGN(4096);
  .rodata : {
    __start___ex_table = .; *(.ex_table) __stop___ex_table = .;
    . = ALIGN(8);
    __start_bug_frames = .; *(.bug_frames.0) __stop_bug_frames_0 = .;
    *(.bug_frames.1) __stop_bug_frames_1 = .;
    *(.bug_frames.2) __stop_bug_frames_2 = .;
    *(.bug_frames.3) __stop_bug_frames_3 = .;
    *(.rodata .rodata.*) *(.data.rel.ro .data.rel.ro.*)
  } :text
  .note.gnu.build-id : { *(.note.gnu.build-id) } :note :text
  . = ALIGN(4096);
  .init.text : { *(.init.text) *(.altinstr_replacement) } :text
  .init.data : {
    . = ALIGN(8);
    __alt_instructions = .; *(.altinstructions) __alt_instructions_end = .;
  } :text
  . = ALIGN(4096);
  .data : { *(.data .data.*) } :text
  .bss : { *(.bss .bss.*) . = ALIGN(8); } :text
  _end = .;
  /DISCARD/ : { *(.exit.text) *(.note.GNU-stack) *(.note.gnu.property) *(.eh_frame) }
}
`

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'reweave-compile-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(folder: string, program: string, args: readonly string[]): void {
  execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
}
