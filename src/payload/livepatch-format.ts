/**
 * The names, structures and limits of a livepatch payload, as Xen's loader has them.
 *
 * Sources: `struct livepatch_func` in xen/include/public/sysctl.h; the section names in
 * xen/include/xen/livepatch.h; the limits in xen/common/livepatch.c and livepatch_elf.c; read at
 * stable-4.7 to stable-4.21.
 *
 * @module
 */

import { R_X86_64 } from '../elf/definitions.ts'
import type { StructLayout } from '../elf/struct-layout.ts'
import type { PayloadVersion } from './payload.ts'

/** The sections that a payload is recognised by. */
export const LIVEPATCH = {
  FUNCS: '.livepatch.funcs',
  /** The names that `.livepatch.funcs` points to. Any section would do; ours are here. */
  STRINGS: '.livepatch.strings',
  DEPENDS: '.livepatch.depends',
  XEN_DEPENDS: '.livepatch.xen_depends',
  BUILD_ID: '.note.gnu.build-id',
  MODINFO: '.modinfo',
  /** Each of these holds pointers to functions that run when the payload changes its state. */
  HOOK_PREFIX: '.livepatch.hooks.',
} as const

/** The entries that Xen's loader registers or applies, with the code that they are about. */
export const ALTERNATIVES = '.altinstructions'
export const REPLACEMENTS = '.altinstr_replacement'
export const EXCEPTIONS = '.ex_table'
export const BUG_FRAMES = /^\.bug_frames\.[0-9]$/
/** Since Xen 4.21 (commit d2fd5f0fcd) indirect calls to be made direct have a table of their own. */
export const CALL_SITES = '.alt_call_sites'

/** A bug frame takes one or two of these, an exception table entry one. */
export const BUG_FRAME_BYTES = 8
export const EXCEPTION_BYTES = 8

/** Whether a section is a table of entries: found by its name, and read without gaps. */
export function isEntryTable(section: string): boolean {
  return (
    section === ALTERNATIVES ||
    section === EXCEPTIONS ||
    section === CALL_SITES ||
    BUG_FRAMES.test(section)
  )
}

/** `struct livepatch_func` of Xen 4.7 to 4.13. Bytes 33 to 63 are Xen's own and must be 0. */
export const FUNC_V1 = {
  byteLength: 64,
  fields: {
    name: { at: 0, width: 8 },
    new_addr: { at: 8, width: 8 },
    old_addr: { at: 16, width: 8 },
    new_size: { at: 24, width: 4 },
    old_size: { at: 28, width: 4 },
    version: { at: 32, width: 1 },
  },
} as const satisfies StructLayout

/** `struct livepatch_func` since Xen 4.14. Bytes 33 to 71 are Xen's own and must be 0. */
export const FUNC_V2 = {
  byteLength: 104,
  fields: {
    ...FUNC_V1.fields,
    /** `enabled` in bit 0, `len` in bits 1 to 5, `rsv` in bits 6 and 7. */
    expect: { at: 72, width: 1 },
  },
} as const satisfies StructLayout

/** Where the expected bytes lie in `FUNC_V2`, and how many there is room for. */
export const EXPECTED_AT = 73
export const MAX_EXPECTED_BYTES = 31

export function funcBytes(version: PayloadVersion): number {
  return version === 1 ? FUNC_V1.byteLength : FUNC_V2.byteLength
}

/** `LIVEPATCH_MAX_SIZE`: of the file, and of each section without bytes. */
export const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024

/** The loader takes fewer than 1024 sections, the reserved one among them. */
export const MAX_SECTIONS = 1023

/** The loader aligns each of its three areas to a page, so no section can want more. */
export const MAX_ALIGNMENT = 4096

/** `LIVEPATCH_OPAQUE_SIZE`: how many bytes NOPs may be put over. */
export const MAX_NOP_BYTES = 31

/** `ARCH_PATCH_INSN_SIZE` of x86: `jmp rel32`, since 4.17 behind an `endbr64` if there is one. */
export const JUMP_BYTES = 5

/** xen/arch/x86/livepatch.c, `arch_livepatch_perform_rela`: the same in every release. */
export const LINKED_TYPES: ReadonlySet<number> = new Set([
  R_X86_64.NONE,
  R_X86_64[64],
  R_X86_64.PC32,
  R_X86_64.PLT32,
])

/** Sections whose meaning lies in how the hypervisor itself is linked or booted. */
export const NOT_FOR_PAYLOADS =
  /^\.(?:init|exit|initcall|ctors|dtors|(?:data|bss)\.+percpu)(?:[._]|$)/
