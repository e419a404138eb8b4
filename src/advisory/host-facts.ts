import type { BuildId } from '../image/build-id.ts'

/** A moment as ISO 8601 in UTC: `2026-11-21T23:35:00.000Z`. */
export type Instant = string

/**
 * What is known of one host.
 *
 * Dated and partial: a field that is left out is not known, and nothing may be concluded from its
 * absence. Everything here is JSON.
 */
export interface HostFacts {
  readonly seenAt: Instant
  /** What looked: `reweave inspect`, `xapi`, a file's name. */
  readonly seenBy: string

  readonly architecture?: Architecture | undefined
  /** As the running Xen reports it: `4.17.6-pre`. It does not say what was backported. */
  readonly xenVersion?: string | undefined
  /** The build that runs. */
  readonly buildId?: BuildId | undefined
  /**
   * The point in Xen's history that the running build was made from: `4.17.5`, or `4.17.5+72` for
   * 72 commits after it on its stable branch. From the build's package. It says that fixes after
   * that point are not in the build: where a vendor puts in others, leave it out, and let the
   * catalogue of builds (`build-record.ts`) tell.
   */
  readonly sourceVersion?: string | undefined

  /** The build that the next boot starts. A fact apart: it says nothing about what runs. */
  readonly diskBuildId?: BuildId | undefined
  /** In the form of `sourceVersion`, or a package's version that begins with it. */
  readonly diskVersion?: string | undefined

  readonly config?: BuildConfig | undefined
  /** Guests that run now, by type; Dom0 is not among them. */
  readonly guestTypes?: GuestCounts | undefined
  readonly dom0Type?: 'pv' | 'pvh' | undefined
  /** Whether a guest has a PCI device of the host's. */
  readonly pciPassthrough?: boolean | undefined
  readonly cpuVendor?: CpuVendor | undefined
  /** As Linux names them in /proc/cpuinfo: `avx512f`, `ept`. */
  readonly cpuFeatures?: PartialSet | undefined
  /** How HVM and PVH guests' memory is translated: which modes are in use. */
  readonly paging?: PartialSet | undefined
  readonly toolstack?: 'xl' | 'xapi' | 'libvirt' | 'other' | undefined
  /** Version of the toolstack's Xen parts (libxl), in the form of `sourceVersion`. */
  readonly toolstackVersion?: string | undefined
  /** Release of Dom0's running kernel: `6.1.0-41-amd64`. */
  readonly dom0Kernel?: string | undefined
  /**
   * Parts that advisories ask about and that are in use here: `oxenstored`, `cxenstored`,
   * `qemu-in-dom0`, `qemu-stubdomain`, `pygrub`, `xsm-flask`, `viridian`, `vpci`, `argo`, …
   */
  readonly features?: PartialSet | undefined
  /** Xen's command line, as booted. */
  readonly commandLine?: string | undefined

  /** What lies in memory over the build. An empty list says that nothing does. */
  readonly memoryFixes?: readonly MemoryFix[] | undefined
  readonly channels?: readonly ChannelFact[] | undefined
  readonly iommuMode?: 'disabled' | 'passthrough' | 'relaxed' | 'strict' | undefined
  readonly engines?: readonly EngineFact[] | undefined
  /** Guests that cannot be moved to another host, each with its reason. */
  readonly pinnedGuests?: readonly PinnedGuest[] | undefined
  /** Whether guests can be moved off this host at all, and why not. */
  readonly migration?: { readonly possible: boolean; readonly why: string } | undefined
}

export type Architecture = 'x86_64' | 'arm64' | 'arm32' | 'riscv64' | 'ppc64'
export type CpuVendor = 'intel' | 'amd' | 'hygon' | 'zhaoxin' | 'arm'
export type GuestType = 'pv' | 'pv32' | 'pvh' | 'hvm'

/** Number of guests of each type. `pv` counts 64-bit and 32-bit PV; `pv32` the latter alone. */
export interface GuestCounts {
  readonly pv?: number | undefined
  readonly pv32?: number | undefined
  readonly pvh?: number | undefined
  readonly hvm?: number | undefined
}

/** A set that may be known in part. */
export interface PartialSet {
  readonly present: readonly string[]
  /** `rest`: all that is not present is absent. Otherwise what is in neither list is not known. */
  readonly absent: readonly string[] | 'rest'
}

/** Options of the running build: `{ "CONFIG_HVM": "y" }`. */
export interface BuildConfig {
  readonly options: Readonly<Record<string, string>>
  /** Whether this is all of it, so that an option left out is `n`. */
  readonly whole: boolean
}

/** A fix over the running build, and what memory shows of it. */
export interface MemoryFix {
  readonly name: string
  /** `XSA-506`. */
  readonly advisory: string
  readonly channel: 'dma' | 'livepatch'
  readonly state: 'applied' | 'not-applied' | 'inconsistent' | 'foreign' | 'unknown'
}

/** A way into the running hypervisor, and whether it is open. */
export interface ChannelFact {
  readonly channel: 'dma' | 'livepatch'
  readonly works: boolean
  /** A sentence for people. */
  readonly why: string
}

export interface EngineFact {
  readonly kind: string
  readonly address: string
  readonly usable: boolean
  /** Why it cannot be used. */
  readonly why: string | undefined
}

export interface PinnedGuest {
  readonly guest: string
  readonly why: string
}

/** Facts that hold one word, compared as a whole. */
export const SCALAR_FACTS = [
  'architecture',
  'xenVersion',
  'buildId',
  'diskBuildId',
  'diskVersion',
  'dom0Type',
  'pciPassthrough',
  'cpuVendor',
  'toolstack',
  'dom0Kernel',
  'iommuMode',
] as const

/** Facts that hold a version, compared by `compareVersions()`. */
export const VERSION_FACTS = [
  'xenVersion',
  'sourceVersion',
  'diskVersion',
  'toolstackVersion',
  'dom0Kernel',
] as const

/** Facts that hold a set of names. */
export const SET_FACTS = ['guestTypes', 'cpuFeatures', 'paging', 'features', 'commandLine'] as const

export type ScalarFact = (typeof SCALAR_FACTS)[number]
export type VersionFact = (typeof VERSION_FACTS)[number]
export type SetFact = (typeof SET_FACTS)[number]
/**
 * Facts that a condition, or the search for a fix, can name. `condition` stands for the fact that
 * an advisory has none.
 */
export type FactName = ScalarFact | VersionFact | SetFact | 'config' | 'memoryFixes' | 'condition'
