import type { VirtualAddress } from '../address/address.ts'
import { SHF, SHT } from '../elf/definitions.ts'
import type { ElfFile, ElfSymbol } from '../elf/elf-file.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import { isBuildStamped } from './build-stamp.ts'
import { ImageIndex } from './image-index.ts'
import { type Comparison, ObjectComparison, type ObjectPart } from './object-comparison.ts'
import type {
  AbsenceReason,
  Difference,
  ObjectProof,
  SymbolProof,
  Verdict,
} from './object-proof.ts'
import { ObjectView } from './object-view.ts'
import { SiteComparison } from './site-comparison.ts'

/** An object of a build that is meant to be the one that an image was linked from. */
export interface RebuiltObject {
  /** Its path from the hypervisor's source folder: `common/dm.o`. */
  readonly name: string
  readonly elf: ElfFile
}

interface NamedPart {
  readonly symbol: ElfSymbol
  readonly part: ObjectPart
}

/**
 * Compares every function, constant and variable of an object with an image, as a linker would
 * have made them for it.
 *
 * Relocations are resolved through the image's own symbols, so neither the other objects nor a
 * link is needed. Not compared are bytes between symbols, `.bss`, sections that are not loaded, and
 * entries of special sections other than those in `SITE_TABLES`. Each function stands for itself:
 * an image that the object does not belong to gives true answers as well.
 */
export function proveObject(object: RebuiltObject, image: Image): ObjectProof {
  const view = new ObjectView(object.elf)
  const index = ImageIndex.of(image)
  const sites = new SiteComparison(view, index)
  const comparison = new ObjectComparison(view, index, sites.cuts())

  const verdictAt = (bearer: ImageSymbol, { part }: NamedPart): Verdict => {
    const { address } = bearer
    // Labels of hand-written assembly have no length in the image.
    if (bearer.byteLength !== 0 && bearer.byteLength !== part.byteLength) {
      const difference = otherLength(bearer, part, comparison)
      return { kind: 'different', address, difference }
    }
    const compared = comparison.compare(part, address)
    const whole =
      compared.kind === 'equal'
        ? joined(compared, sites.compare(part, address, comparison))
        : compared
    return verdictOf(whole, address, isBuildStamped(object.name))
  }
  const prove = (named: NamedPart): SymbolProof => {
    const { symbol, part } = named
    const file = view.fileOf(symbol)
    const verdicts = index.named(symbol, file).map((bearer) => verdictAt(bearer, named))
    const verdict = best(verdicts) ?? { kind: 'not-in-image', reason: absence(part) }
    return { symbol: { name: symbol.name, file }, byteLength: part.byteLength, verdict }
  }

  const functions = functionsOf(view).map(prove)
  const linked = functions.some(({ verdict }) => verdict.kind !== 'not-in-image')
  return {
    object: object.name,
    functions: linked ? functions : functions.map(notLinked),
    data: dataOf(view).map(prove),
    leftOut: sites.leftOut,
  }
}

/**
 * Functions, and the global labels of assembly. Those without a length go up to the next one, or to
 * the section's end.
 */
function functionsOf(view: ObjectView): NamedPart[] {
  return namedParts(view, (symbol, flags) => {
    if ((flags & SHF.EXECINSTR) === 0n) return false
    return symbol.kind === 'function' || (symbol.kind === 'none' && symbol.binding === 'global')
  })
}

function dataOf(view: ObjectView): NamedPart[] {
  return namedParts(view, (symbol) => symbol.kind === 'object')
}

function namedParts(
  view: ObjectView,
  wanted: (symbol: ElfSymbol, flags: bigint) => boolean,
): NamedPart[] {
  return view.elf.symbols.flatMap((symbol) => {
    const section = typeof symbol.section === 'number' ? view.section(symbol.section) : undefined
    if (section?.bytes === undefined || section.type === SHT.NOBITS) return []
    if ((section.flags & SHF.ALLOC) === 0n || !wanted(symbol, section.flags)) return []
    const start = Number(symbol.value)
    const next = view
      .named(section.index)
      .find((other) => other.value > symbol.value && wanted(other, section.flags))
    const end = Number(next?.value ?? section.byteLength)
    const byteLength = symbol.byteLength === 0n ? end - start : Number(symbol.byteLength)
    return [{ symbol, part: { section, start, byteLength } }]
  })
}

function verdictOf(compared: Comparison, address: VirtualAddress, stamped: boolean): Verdict {
  if (compared.kind === 'unequal') {
    return { kind: 'different', address, difference: compared.difference }
  }
  const [text] = compared.texts
  if (text === undefined) return { kind: 'identical', address }
  if (stamped) return { kind: 'explained', address, texts: compared.texts }
  return { kind: 'different', address, difference: { kind: 'text', within: undefined, ...text } }
}

/** Where the two begin to differ, of which one is longer. */
function otherLength(
  bearer: ImageSymbol,
  part: ObjectPart,
  comparison: ObjectComparison,
): Difference {
  const shorter = Math.min(bearer.byteLength, part.byteLength)
  const compared = comparison.compare({ ...part, byteLength: shorter }, bearer.address)
  return {
    kind: 'length',
    at: compared.kind === 'unequal' ? compared.difference.at : shorter,
    within: undefined,
    found: `${bearer.byteLength} bytes`,
    wanted: `${part.byteLength} bytes`,
  }
}

function joined(compared: Comparison & { readonly kind: 'equal' }, tables: Comparison): Comparison {
  if (tables.kind === 'unequal') return tables
  return { kind: 'equal', texts: [...compared.texts, ...tables.texts] }
}

/** Static functions may share name and file: the one whose content is the object's is meant. */
function best(verdicts: readonly Verdict[]): Verdict | undefined {
  const rank = (verdict: Verdict): number => {
    if (verdict.kind === 'identical') return Number.POSITIVE_INFINITY
    if (verdict.kind === 'explained') return Number.MAX_SAFE_INTEGER
    return verdict.kind === 'different' ? verdict.difference.at : -1
  }
  const [first, ...others] = verdicts
  return first && others.reduce((a, b) => (rank(b) > rank(a) ? b : a), first)
}

// Xen 4.17, xen/include/xen/xen.lds.h and arch/x86/xen.lds.S, DISCARD_SECTIONS.
const DISCARDED = /^\.(text\.exit|exit\.text|exit\.data|exitcall\.exit|discard)(\.|$)/

function absence(part: ObjectPart): AbsenceReason {
  return DISCARDED.test(part.section.name) ? 'discarded' : 'unknown'
}

function notLinked(proof: SymbolProof): SymbolProof {
  const { verdict } = proof
  if (verdict.kind !== 'not-in-image' || verdict.reason === 'discarded') return proof
  return { ...proof, verdict: { kind: 'not-in-image', reason: 'object-not-linked' } }
}
