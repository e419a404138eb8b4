import type { Sysctl } from './sysctl.ts'

/** How a domain's hardware looks to it. */
export type DomainType = 'pv' | 'pvh' | 'hvm'

export interface Domain {
  readonly id: number
  readonly type: DomainType
  readonly state: 'running' | 'paused' | 'shut-down' | 'dying'
  readonly onlineVcpus: number
  /** How many it may bring online. */
  readonly maxVcpus: number
  readonly memoryKib: number
  /** Whether the CPU translates its memory (HAP). Without, a PVH or HVM domain has shadow paging. */
  readonly hap: boolean
  /** Whether it is the domain that Xenstore runs in, apart from Dom0. */
  readonly xenstore: boolean
}

/**
 * Layout of `xen_domctl_getdomaininfo` by sysctl interface version: its size, and where
 * `arch_config.emulation_flags` lies (public/domctl.h of Xen 4.12 to 4.21; `gpaddr_bits` came
 * with 4.16). A version that is not here gives no list rather than a wrong one.
 */
const LAYOUTS: Readonly<Record<number, { recordBytes: number; emulationFlags: number }>> = {
  0x12: { recordBytes: 104, emulationFlags: 96 },
  0x13: { recordBytes: 104, emulationFlags: 96 },
  0x14: { recordBytes: 112, emulationFlags: 104 },
  0x15: { recordBytes: 112, emulationFlags: 104 },
  0x16: { recordBytes: 112, emulationFlags: 104 },
}

const DYING = 1 << 0
const HVM_GUEST = 1 << 1
const SHUTDOWN = 1 << 2
const PAUSED = 1 << 3
const XENSTORE = 1 << 7
const HAP = 1 << 8
/** XEN_X86_EMU_LAPIC: the only device that Xen emulates for a PVH domain. */
const ONLY_LAPIC = 1

/** All domains by id, Dom0 first; undefined where the running Xen's layout is not known. */
export function listDomains(sysctl: Sysctl): readonly Domain[] | undefined {
  const layout = LAYOUTS[sysctl.interfaceVersion]
  return layout && sysctl.domainRecords(layout.recordBytes).map((view) => readDomain(view, layout))
}

/** One record as a domain. */
export function readDomain(view: DataView, layout: { readonly emulationFlags: number }): Domain {
  const flags = view.getUint32(4, true)
  return {
    id: view.getUint16(0, true),
    type: typeOf(flags, view.getUint32(layout.emulationFlags, true)),
    state: stateOf(flags),
    onlineVcpus: view.getUint32(64, true),
    maxVcpus: view.getUint32(68, true) + 1,
    memoryKib: Number(view.getBigUint64(8, true)) * 4,
    hap: (flags & HAP) !== 0,
    xenstore: (flags & XENSTORE) !== 0,
  }
}

function typeOf(flags: number, emulation: number): DomainType {
  if ((flags & HVM_GUEST) === 0) return 'pv'
  return (emulation & ~ONLY_LAPIC) === 0 ? 'pvh' : 'hvm'
}

function stateOf(flags: number): Domain['state'] {
  if (flags & DYING) return 'dying'
  if (flags & SHUTDOWN) return 'shut-down'
  return flags & PAUSED ? 'paused' : 'running'
}
