import type { ElfSection, ElfSymbolKind } from '../elf/elf-file.ts'
import type { SectionClass } from './section-class.ts'

/**
 * A part of an object that is compared and brought along as a whole: a function, a variable, a
 * string, one entry of a table.
 *
 * Atoms of one object have their own identity and may be used as keys.
 */
export interface Atom {
  readonly section: ElfSection
  readonly meaning: SectionClass
  /** Where in the section it begins. */
  readonly start: number
  readonly byteLength: number
  /** Undefined where the section takes no room in the file. */
  readonly bytes: Uint8Array | undefined
  /** The names that the compiler or an author gave it, the global ones first; `.LC0` is none. */
  readonly names: readonly AtomName[]
  /** By rising `at`. */
  readonly references: Reference[]
}

export interface AtomName {
  readonly name: string
  /** For a local name, the source file. */
  readonly file: string | undefined
  readonly kind: ElfSymbolKind
  /** Where in the atom. */
  readonly offset: number
  readonly byteLength: number
  /** The symbol's index: the order in which the compiler made them. */
  readonly order: number
}

/** A hole in an atom, and what fills it: the target, and `addend` as the psABI adds it. */
export interface Reference {
  readonly at: number
  /** How many bytes the hole has. */
  readonly byteLength: number
  /** One of `R_X86_64`, or `baked` for a distance that the assembler has filled in. */
  readonly type: number | 'baked'
  readonly target: ReferenceTarget
  readonly addend: bigint
  /** Whether a direct jump or call goes there. */
  readonly isBranch: boolean
}

export type ReferenceTarget =
  | { readonly kind: 'atom'; readonly atom: Atom; readonly offset: number }
  | { readonly kind: 'external'; readonly name: string }
  /** A place in a section at which nothing was found. */
  | { readonly kind: 'nowhere'; readonly section: string; readonly offset: number }
  /** A symbol that is not code or data in memory: absolute, common, thread-local, indirect. */
  | { readonly kind: 'odd-symbol'; readonly name: string; readonly found: OddSymbol }

export type OddSymbol = 'absolute' | 'common' | 'thread-local' | 'indirect-function'

/** The name under which people and other objects know it. */
export function nameOf(atom: Atom): string | undefined {
  return atom.names[0]?.name
}

/** A name in any case, for messages. */
export function labelOf(atom: Atom): string {
  return nameOf(atom) ?? `${atom.section.name}+0x${atom.start.toString(16)}`
}

/** Whether other objects can refer to it. */
export function isGlobal(atom: Atom): boolean {
  return atom.names.some(({ file }) => file === undefined)
}
