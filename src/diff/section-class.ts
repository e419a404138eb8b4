import { SHF, SHT } from '../elf/definitions.ts'
import type { ElfSection } from '../elf/elf-file.ts'

/**
 * What a section of an object means to the hypervisor.
 *
 * `attached` sections hold what belongs to functions: entries of tables, and code beside them.
 * `ignored` ones are thrown away by the link or are not loaded.
 */
export type SectionClass =
  | 'text'
  | 'init-text'
  | 'constant'
  | 'string'
  | 'constant-pool'
  | 'data'
  | 'per-cpu'
  | 'ro-after-init'
  | 'init-data'
  | 'boot-table'
  | 'attached'
  | 'hook'
  | 'ignored'
  | 'unknown'

/** Tables whose entries say something about a place in a function, and what such entries name. */
const ATTACHED =
  /^\.(altinstructions|altinstr_replacement|alt_call_sites|bug_frames\.\d|ex_table|fixup)$/

// From xen/arch/x86/xen.lds.S and xen/include/xen/xen.lds.h, 4.17 (`.data.rel.ro.vpci`: 4.21): what
// the link discards, what lies between __init_begin and __init_end (freed after boot), and what it
// gathers into arrays whose ends are symbols. A name counts as a whole or up to a dot, as in those
// files: with -ffunction-sections `.text.startup_loop` holds a function of that name, and is no
// `.text.startup`.
const NAMED: readonly (readonly [pattern: RegExp, meaning: SectionClass])[] = [
  [/^\.(discard|eh_frame|comment|note|exit|dtors|fini_array|text\.exit)(\.|$)/, 'ignored'],
  [/^\.(debug|stab)/, 'ignored'],
  [/^\.exitcall\.exit$/, 'ignored'],
  [ATTACHED, 'attached'],
  [/^\.livepatch\.hooks(\.|$)/, 'hook'],
  [/^\.(init\.text|text\.startup)(\.|$)/, 'init-text'],
  [/^\.(init\.setup|ctors|init_array|ex_table\.pre)(\.|$)/, 'boot-table'],
  [/^\.(initcall[a-z0-9]*\.init|trampoline_(rel|seg))$/, 'boot-table'],
  [/^\.init\.(ro)?data\.cf_clobber$/, 'boot-table'],
  [/^\.data\.(param|schedulers|paramhypfs)(\.|$)/, 'boot-table'],
  [/^\.((ro)?data\.vpci|data\.rel\.ro\.vpci|lockprofile\.data)(\.|$)/, 'boot-table'],
  [/^\.init\./, 'init-data'],
  [/^\.(bss|data)\.percpu(\.|$)/, 'per-cpu'],
  [/^\.data\.ro_after_init(\.|$)/, 'ro-after-init'],
  [/^\.data\.rel\.ro(\.|$)/, 'constant'],
  [/^\.text(\.|$)/, 'text'],
  [/^\.rodata(\.|$)/, 'constant'],
  [/^\.(data|bss)(\.|$)/, 'data'],
]

/** Says what a section is, from its name and its flags. */
export function classifySection(section: ElfSection): SectionClass {
  if ((section.flags & SHF.ALLOC) === 0n) {
    return section.name.startsWith('.livepatch.hooks') ? 'hook' : 'ignored'
  }
  if (section.type !== SHT.PROGBITS && section.type !== SHT.NOBITS) {
    return section.type === SHT.NOTE ? 'ignored' : (meaningOfName(section.name) ?? 'unknown')
  }
  const meaning = meaningOfName(section.name)
  const merges = (section.flags & SHF.MERGE) !== 0n
  if (merges && (meaning === 'constant' || meaning === 'init-data')) {
    if ((section.flags & SHF.STRINGS) !== 0n) return 'string'
    return section.entryBytes > 0n ? 'constant-pool' : meaning
  }
  if (meaning === undefined || meaning === 'ignored' || meaning === 'hook') {
    return meaning ?? 'unknown'
  }
  return fitsFlags(meaning, section.flags) ? meaning : 'unknown'
}

/** Whether the memory of a section of this class is given back, or of no more use, after boot. */
export function endsWithBoot(meaning: SectionClass): boolean {
  return meaning === 'init-text' || meaning === 'init-data'
}

export function isCode(meaning: SectionClass): boolean {
  return meaning === 'text' || meaning === 'init-text'
}

/** Whether a running hypervisor changes what lies there. */
export function isVariable(meaning: SectionClass): boolean {
  return meaning === 'data' || meaning === 'per-cpu' || meaning === 'ro-after-init'
}

/** Whether what lies there is never written, so that an equal copy is as good. */
export function isConstant(meaning: SectionClass): boolean {
  return meaning === 'constant' || meaning === 'string' || meaning === 'constant-pool'
}

function meaningOfName(name: string): SectionClass | undefined {
  return NAMED.find(([pattern]) => pattern.test(name))?.[1]
}

function fitsFlags(meaning: SectionClass, flags: bigint): boolean {
  const executable = (flags & SHF.EXECINSTR) !== 0n
  switch (meaning) {
    case 'text':
    case 'init-text':
      return executable
    case 'attached':
      return true
    default:
      return !executable
  }
}
