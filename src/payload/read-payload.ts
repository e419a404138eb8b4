import { NOTE_HEADER, NT_GNU_BUILD_ID, SHF } from '../elf/definitions.ts'
import type { ElfFile, ElfSection } from '../elf/elf-file.ts'
import { readElf } from '../elf/read.ts'
import { readStruct, viewOf } from '../elf/struct-layout.ts'
import { type BuildId, buildIdFromBytes } from '../image/build-id.ts'
import { readAlternatives } from './alternatives.ts'
import { checkLoadable } from './check-loadable.ts'
import {
  ALTERNATIVES,
  BUG_FRAME_BYTES,
  BUG_FRAMES,
  CALL_SITES,
  EXCEPTION_BYTES,
  EXCEPTIONS,
  isEntryTable,
  LIVEPATCH,
  MAX_PAYLOAD_BYTES,
  REPLACEMENTS,
} from './livepatch-format.ts'
import type { Payload } from './payload.ts'
import type { PayloadRefusal } from './payload-refusal.ts'
import { type FunctionTable, readFunctions } from './read-functions.ts'
import { References } from './references.ts'

export type PayloadRead =
  | { readonly kind: 'read'; readonly payload: Payload }
  | { readonly kind: 'refused'; readonly refusal: PayloadRefusal }

type Step<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'refused'; readonly refusal: PayloadRefusal }

/**
 * Reads a payload, made by Reweave or by others, of either version.
 *
 * The bytes may come from anywhere: whatever is wrong is a refusal, never an exception. What is read
 * has passed every check of Xen's loader that needs nothing but the file, and some that Xen leaves
 * out at its own peril; `checkPayload` holds it against an image. The result holds views of
 * `bytes`, which must not change afterwards.
 */
export function readPayload(bytes: Uint8Array): PayloadRead {
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    const facts = { foundBytes: bytes.length, wantedAtMostBytes: MAX_PAYLOAD_BYTES }
    return refuse({ kind: 'too-large', ...facts })
  }
  const read = readElf(bytes)
  if (read.kind === 'refused') return refuse({ kind: 'not-readable', refusal: read.refusal })
  const { elf } = read
  const fault = checkLoadable(bytes, elf) ?? checkSpecialSections(elf)
  if (fault !== undefined) return refuse(fault)

  const references = new References(elf)
  const alternatives = readAlternatives(elf, references)
  if (alternatives.kind === 'refused') return alternatives
  const hooks = readHooks(elf)
  if (hooks.kind === 'refused') return hooks
  const table = readTable(elf, references, hooks.value)
  if (table.kind === 'refused') return table
  const { version, functions } = table.value
  const identity = readIdentity(elf, version)
  if (identity.kind === 'refused') return identity
  const info = readInfo(elf)
  if (info.kind === 'refused') return info
  return {
    kind: 'read',
    payload: {
      version,
      ...identity.value,
      functions,
      info: info.value,
      hooks: hooks.value,
      elf,
    },
  }
}

/** The sections that the loader looks for by name are there once and loaded, with whole entries. */
function checkSpecialSections(elf: ElfFile): PayloadRefusal | undefined {
  const seen = new Set<string>()
  for (const section of elf.sections) {
    if (!isLookedFor(section.name)) continue
    if (seen.has(section.name)) return { kind: 'section-twice', section: section.name }
    seen.add(section.name)
    if ((section.flags & SHF.ALLOC) === 0n || section.bytes === undefined) {
      return { kind: 'section-not-loaded', section: section.name }
    }
    const unitBytes = unitOf(section.name)
    if (unitBytes !== undefined && section.bytes.length % unitBytes !== 0) {
      return badSize(section, `a multiple of ${unitBytes}`)
    }
    if (section.bytes.length === 0 && !MAY_BE_EMPTY.has(section.name)) {
      return badSize(section, 'more than 0')
    }
  }
  return undefined
}

/** What the loader takes as nothing; of the rest, some releases read beside an empty section. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set([ALTERNATIVES, REPLACEMENTS, CALL_SITES])

function isLookedFor(section: string): boolean {
  return (
    section.startsWith('.livepatch.') ||
    section === LIVEPATCH.BUILD_ID ||
    section === LIVEPATCH.MODINFO ||
    section === REPLACEMENTS ||
    isEntryTable(section)
  )
}

function unitOf(section: string): number | undefined {
  if (BUG_FRAMES.test(section)) return BUG_FRAME_BYTES
  if (section === EXCEPTIONS) return EXCEPTION_BYTES
  if (section === CALL_SITES) return 4
  return section.startsWith(LIVEPATCH.HOOK_PREFIX) ? POINTER_BYTES : undefined
}

const POINTER_BYTES = 8

function readHooks(elf: ElfFile): Step<readonly string[]> {
  const hooks: string[] = []
  for (const section of elf.sections) {
    if (!section.name.startsWith(LIVEPATCH.HOOK_PREFIX)) continue
    // Those run while loading and unloading may be several, all others are one each.
    const isList = /\.(?:load|unload)$/.test(section.name)
    if (!isList && section.byteLength !== BigInt(POINTER_BYTES)) {
      return refuse(badSize(section, `${POINTER_BYTES}`))
    }
    hooks.push(section.name)
  }
  return { kind: 'read', value: hooks }
}

function readTable(
  elf: ElfFile,
  references: References,
  hooks: readonly string[],
): Step<FunctionTable> {
  const section = sectionNamed(elf, LIVEPATCH.FUNCS)
  if (section !== undefined) return readFunctions(elf, section, references)
  // Since 4.14 hooks alone are enough, and nothing but the functions names a version.
  return hooks.length > 0
    ? { kind: 'read', value: { version: 2, functions: [] } }
    : refuse({ kind: 'nothing-to-apply' })
}

function readIdentity(
  elf: ElfFile,
  version: Payload['version'],
): Step<Pick<Payload, 'buildId' | 'xenBuildId' | 'dependsOn'>> {
  const buildId = readNote(elf, LIVEPATCH.BUILD_ID)
  if (buildId.kind === 'refused') return buildId
  const dependsOn = readNote(elf, LIVEPATCH.DEPENDS)
  if (dependsOn.kind === 'refused') return dependsOn
  const both = { buildId: buildId.value, dependsOn: dependsOn.value }
  if (version === 1 && sectionNamed(elf, LIVEPATCH.XEN_DEPENDS) === undefined) {
    return { kind: 'read', value: { ...both, xenBuildId: undefined } }
  }
  const xenBuildId = readNote(elf, LIVEPATCH.XEN_DEPENDS)
  if (xenBuildId.kind === 'refused') return xenBuildId
  return { kind: 'read', value: { ...both, xenBuildId: xenBuildId.value } }
}

/**
 * The build-id in a note section, read as Xen's `xen_build_id_check` does.
 *
 * The section's type is not asked for: notes added by objcopy have another.
 */
function readNote(elf: ElfFile, name: string): Step<BuildId> {
  const bytes = sectionNamed(elf, name)?.bytes
  if (bytes === undefined) return refuse({ kind: 'section-missing', section: name })
  const fault = (found: string): Step<never> => refuse({ kind: 'bad-note', section: name, found })
  if (bytes.length <= NOTE_HEADER.byteLength) return fault('is too short for a note')
  const { n_namesz, n_descsz, n_type } = readStruct(viewOf(bytes), 0, NOTE_HEADER)
  if (n_type !== NT_GNU_BUILD_ID) return fault(`holds a note of type ${n_type}, wanted 3`)
  const owner = bytes.subarray(NOTE_HEADER.byteLength, NOTE_HEADER.byteLength + OWNER.length)
  if (n_namesz !== OWNER.length || OWNER.some((letter, index) => owner[index] !== letter)) {
    return fault('holds a note of another owner, wanted GNU')
  }
  const start = NOTE_HEADER.byteLength + OWNER.length
  if (n_descsz > bytes.length - start) return fault('ends inside its build-id')
  const buildId = buildIdFromBytes(bytes.subarray(start, start + n_descsz))
  if (buildId === undefined) return fault(`holds a build-id of ${n_descsz} bytes`)
  return { kind: 'read', value: buildId }
}

/** `GNU` and its end. */
const OWNER: readonly number[] = [0x47, 0x4e, 0x55, 0]

function readInfo(elf: ElfFile): Step<Payload['info']> {
  const bytes = sectionNamed(elf, LIVEPATCH.MODINFO)?.bytes
  if (bytes === undefined) return { kind: 'read', value: [] }
  const fault = (found: string): Step<never> => refuse({ kind: 'bad-info', found })
  if (bytes.at(-1) !== 0) return fault('does not end with a NUL')
  if (bytes.some((byte) => byte !== 0 && (byte < 0x20 || byte > 0x7e))) {
    return fault('holds letters that cannot be printed')
  }
  const info: (readonly [string, string])[] = []
  let line = ''
  for (const byte of bytes) {
    if (byte !== 0) {
      line += String.fromCharCode(byte)
      continue
    }
    const mark = line.indexOf('=')
    if (mark > 0) info.push([line.slice(0, mark), line.slice(mark + 1)])
    else if (line !== '') return fault('holds a line that is not key=value')
    line = ''
  }
  return { kind: 'read', value: info }
}

function sectionNamed(elf: ElfFile, name: string): ElfSection | undefined {
  return elf.sections.find((section) => section.name === name)
}

function badSize(section: ElfSection, wanted: string): PayloadRefusal {
  return {
    kind: 'bad-section-size',
    section: section.name,
    foundBytes: section.byteLength,
    wanted,
  }
}

function refuse(refusal: PayloadRefusal): {
  readonly kind: 'refused'
  readonly refusal: PayloadRefusal
} {
  return { kind: 'refused', refusal }
}
