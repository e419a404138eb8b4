import type {
  BuildConfig,
  ChannelFact,
  EngineFact,
  GuestCounts,
  HostFacts,
  MemoryFix,
  PartialSet,
  PinnedGuest,
} from '../advisory/host-facts.ts'
import { FEATURE_NAMES } from '../advisory/feature-names.ts'
import { parseInstant } from '../advisory/instant.ts'
import { parseBuildId } from '../image/build-id.ts'

/** What was wrong in a file of hosts, and where: `hosts[3].facts.guestTypes`. */
export interface InventoryProblem {
  readonly at: string
  /** One sentence for people, without the place. */
  readonly sentence: string
}

/** A field of facts, read: undefined is refused. */
type Reader<Value> = (value: unknown) => Value | undefined
type FactReaders = { readonly [Fact in keyof Required<HostFacts>]: Reader<HostFacts[Fact]> }

const TEXT: Reader<string> = (value) =>
  typeof value === 'string' && value !== '' ? value : undefined
const FLAG: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)

const READERS: FactReaders = {
  seenAt: (value) => {
    const read = typeof value === 'string' ? parseInstant(value) : undefined
    return read?.kind === 'instant' ? read.instant : undefined
  },
  seenBy: TEXT,
  architecture: oneOf(['x86_64', 'arm64', 'arm32', 'riscv64', 'ppc64']),
  xenVersion: TEXT,
  buildId: (value) => (typeof value === 'string' ? parseBuildId(value) : undefined),
  sourceVersion: TEXT,
  diskBuildId: (value) => (typeof value === 'string' ? parseBuildId(value) : undefined),
  diskVersion: TEXT,
  config: readConfig,
  guestTypes: readGuestCounts,
  dom0Type: oneOf(['pv', 'pvh']),
  pciPassthrough: FLAG,
  cpuVendor: oneOf(['intel', 'amd', 'hygon', 'zhaoxin', 'arm']),
  cpuFeatures: readSet,
  paging: readSet,
  toolstack: oneOf(['xl', 'xapi', 'libvirt', 'other']),
  toolstackVersion: TEXT,
  dom0Kernel: TEXT,
  features: readFeatures,
  commandLine: (value) => (typeof value === 'string' ? value : undefined),
  memoryFixes: listOf(readMemoryFix),
  channels: listOf(readChannel),
  iommuMode: oneOf(['disabled', 'passthrough', 'relaxed', 'strict']),
  engines: listOf(readEngine),
  pinnedGuests: listOf(readPinnedGuest),
  migration: (value) => {
    const possible = isRecord(value) ? FLAG(value['possible']) : undefined
    const why = isRecord(value) ? value['why'] : undefined
    return possible === undefined || typeof why !== 'string' ? undefined : { possible, why }
  },
}

/** Facts as far as they could be read; undefined where nothing of them is to be trusted. */
export interface FactsRead<Facts> {
  readonly facts: Facts | undefined
  readonly problems: readonly InventoryProblem[]
}

/**
 * Reads the facts of one host from JSON. Never throws.
 *
 * A fact that is wrong is left out, so that it is not known, and is a problem. So is one that
 * Reweave does not know. Facts without a date or without who saw them are refused whole.
 */
export function readHostFacts(json: unknown, at = 'facts'): FactsRead<HostFacts> {
  const { facts, problems } = readFactFields(json, at)
  const { seenAt, seenBy } = facts
  if (seenAt === undefined || seenBy === undefined) {
    const sentence = 'Facts need seenAt, a date, and seenBy, what saw them'
    return { facts: undefined, problems: [...problems, { at, sentence }] }
  }
  return { facts: { ...facts, seenAt, seenBy }, problems }
}

/** Facts that an operator states: any of them, without a date of their own. */
export type DeclaredFacts = Partial<Omit<HostFacts, 'seenAt' | 'seenBy'>>

export function readDeclaredFacts(json: unknown, at = 'declared'): FactsRead<DeclaredFacts> {
  const { facts, problems } = readFactFields(json, at)
  const { seenAt, seenBy, ...declared } = facts
  if (seenAt === undefined && seenBy === undefined) return { facts: declared, problems }
  const sentence = 'What is declared was not seen: it has no seenAt and no seenBy'
  return { facts: declared, problems: [...problems, { at, sentence }] }
}

function readFactFields(
  json: unknown,
  at: string,
): { readonly facts: Partial<HostFacts>; readonly problems: readonly InventoryProblem[] } {
  if (!isRecord(json)) return { facts: {}, problems: [{ at, sentence: 'Facts are an object' }] }
  const problems: InventoryProblem[] = []
  const facts: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    if (!isFact(name)) {
      problems.push({ at: `${at}.${name}`, sentence: 'No such fact is known' })
      continue
    }
    if (value === null || value === undefined) continue
    const read: unknown = READERS[name](value)
    if (read === undefined) {
      problems.push({ at: `${at}.${name}`, sentence: 'The fact is not in its form; left out' })
    } else facts[name] = read
  }
  return { facts, problems }
}

function isFact(name: string): name is keyof FactReaders {
  return Object.hasOwn(READERS, name)
}

/**
 * `rest` of features means those that have a meaning now: a later Reweave, or an advisory with an
 * open question, may ask for others, and of those the file knew nothing.
 */
function readFeatures(value: unknown): PartialSet | undefined {
  const set = readSet(value)
  if (set === undefined || set.absent !== 'rest') return set
  const absent = Object.keys(FEATURE_NAMES).filter((name) => !set.present.includes(name))
  return { present: set.present, absent }
}

function readSet(value: unknown): PartialSet | undefined {
  if (!isRecord(value)) return undefined
  const present = texts(value['present'])
  const absent = value['absent'] === 'rest' ? 'rest' : texts(value['absent'])
  if (present === undefined || absent === undefined) return undefined
  // One that is said to be both is not known.
  const both = absent === 'rest' ? [] : present.filter((name) => absent.includes(name))
  if (both.length > 0) return undefined
  return { present, absent }
}

function readConfig(value: unknown): BuildConfig | undefined {
  if (!isRecord(value) || typeof value['whole'] !== 'boolean') return undefined
  const options = value['options']
  if (!isRecord(options)) return undefined
  const entries: [string, string][] = []
  for (const [name, option] of Object.entries(options)) {
    if (typeof option !== 'string' || !/^CONFIG_\w+$/.test(name)) return undefined
    entries.push([name, option])
  }
  return { options: Object.fromEntries(entries), whole: value['whole'] }
}

function readGuestCounts(value: unknown): GuestCounts | undefined {
  if (!isRecord(value)) return undefined
  const counts: Record<string, number> = {}
  for (const [type, count] of Object.entries(value)) {
    if (!['pv', 'pv32', 'pvh', 'hvm'].includes(type)) return undefined
    if (count === null || count === undefined) continue
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) return undefined
    counts[type] = count
  }
  return counts
}

function readMemoryFix(value: unknown): MemoryFix | undefined {
  if (!isRecord(value)) return undefined
  const name = TEXT(value['name'])
  const advisory = TEXT(value['advisory'])
  const channel = oneOf(['dma', 'livepatch'])(value['channel'])
  const state = oneOf(['applied', 'not-applied', 'inconsistent', 'foreign', 'unknown'])(
    value['state'],
  )
  if (name === undefined || advisory === undefined) return undefined
  return channel && state && { name, advisory, channel, state }
}

function readChannel(value: unknown): ChannelFact | undefined {
  if (!isRecord(value)) return undefined
  const channel = oneOf(['dma', 'livepatch'])(value['channel'])
  const works = FLAG(value['works'])
  const why = TEXT(value['why'])
  if (channel === undefined || works === undefined || why === undefined) return undefined
  return { channel, works, why }
}

function readEngine(value: unknown): EngineFact | undefined {
  if (!isRecord(value)) return undefined
  const kind = TEXT(value['kind'])
  const address = TEXT(value['address'])
  const usable = FLAG(value['usable'])
  if (kind === undefined || address === undefined || usable === undefined) return undefined
  return { kind, address, usable, why: TEXT(value['why']) }
}

function readPinnedGuest(value: unknown): PinnedGuest | undefined {
  if (!isRecord(value)) return undefined
  const guest = TEXT(value['guest'])
  const why = TEXT(value['why'])
  return guest === undefined || why === undefined ? undefined : { guest, why }
}

function oneOf<const Words extends readonly string[]>(words: Words): Reader<Words[number]> {
  return (value) => words.find((word) => word === value)
}

/** All of a list or nothing: a part of it would say that there is no more. */
function listOf<Item>(read: Reader<Item>): Reader<readonly Item[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined
    const items = value.map(read).filter((item) => item !== undefined)
    return items.length === value.length ? items : undefined
  }
}

function texts(value: unknown): readonly string[] | undefined {
  return listOf(TEXT)(value)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
