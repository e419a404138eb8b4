import type { Hypervisor, HypercallBuffer } from './hypervisor.ts'
import { HypercallFailed } from './identity.ts'
import { type IdleTimes, idleTimesOf } from './idle-passage.ts'

/**
 * `sysctl`, the toolstack's hypercall, as far as Reweave needs it.
 *
 * Its structures are tied to an interface version that grows with Xen's releases; a call with
 * another is answered -EACCES. The layouts here are those of public/sysctl.h at interface versions
 * 0xD (Xen 4.7) to 0x16 (4.21), which agree in the fields used but where a table says otherwise;
 * `domains.ts` has its own.
 *
 * @module
 */

const SYSCTL = 35
const READCONSOLE = 1
const PHYSINFO = 3
const GETDOMAININFOLIST = 6
const GETCPUINFO = 8
const LIVEPATCH_OP = 27

/** Newest first: the version that answers is the running Xen's. */
const INTERFACE_VERSIONS = [0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x10, 0xf, 0xe, 0xd] as const
const EACCES = 13

/** `struct xen_sysctl`: u32 command, u32 interface version, 128 bytes of arguments. */
const STRUCT_BYTES = 136
const ARGUMENTS = 8
/** Buffers that a call points to begin behind its structure. */
const DATA = 4096

/**
 * Where `xen_sysctl_physinfo` has its capabilities, and which bit says that an IOMMU is enabled:
 * XEN_SYSCTL_PHYSCAP_directio, up to 4.11 hvm_directio. 4.10 moved the field, 4.12 the bit.
 */
export function physicalCapabilities(interfaceVersion: number): {
  readonly at: number
  readonly directio: number
} {
  return {
    at: interfaceVersion >= 0x10 ? 28 : 96,
    directio: interfaceVersion >= 0x12 ? 1 << 2 : 1 << 1,
  }
}

export interface PhysicalInfo {
  readonly onlineCpus: number
  readonly maxCpuId: number
  /** XEN_SYSCTL_PHYSCAP_directio: an IOMMU is enabled. */
  readonly iommuEnabled: boolean
  readonly hvm: boolean
}

export class Sysctl {
  readonly #hypervisor: Hypervisor
  readonly interfaceVersion: number

  private constructor(hypervisor: Hypervisor, interfaceVersion: number) {
    this.#hypervisor = hypervisor
    this.interfaceVersion = interfaceVersion
  }

  /** Undefined when the running Xen speaks none of the known interface versions. */
  static open(hypervisor: Hypervisor): Sysctl | undefined {
    for (const version of INTERFACE_VERSIONS) {
      const result = new Sysctl(hypervisor, version).#call(PHYSINFO).result
      if (result === 0) return new Sysctl(hypervisor, version)
      if (result !== -EACCES) throw new HypercallFailed('sysctl(physinfo)', result)
    }
    return undefined
  }

  physicalInfo(): PhysicalInfo {
    const { view } = this.#require(PHYSINFO, 'physinfo')
    const { at, directio } = physicalCapabilities(this.interfaceVersion)
    const capabilities = view.getUint32(ARGUMENTS + at, true)
    return {
      onlineCpus: view.getUint32(ARGUMENTS + 8, true),
      maxCpuId: view.getUint32(ARGUMENTS + 12, true),
      iommuEnabled: (capabilities & directio) !== 0,
      hvm: (capabilities & 1) !== 0,
    }
  }

  /** What Xen's console ring still holds. It may have wrapped: a missing line proves nothing. */
  consoleRing(): string {
    const capacity = 48 * 1024
    const data = this.#hypervisor.buffer(DATA, capacity)
    let text = ''
    let index = 0
    // The ring is larger than one buffer on some hosts; 64 rounds bound a console that races us.
    for (let round = 0; round < 64; round += 1) {
      const { view } = this.#require(READCONSOLE, 'readconsole', (args) => {
        args.setUint8(1, 1)
        args.setUint32(4, index, true)
        args.setBigUint64(8, data.address, true)
        args.setUint32(16, capacity, true)
      })
      const count = view.getUint32(ARGUMENTS + 16, true)
      if (count === 0) break
      text += new TextDecoder('latin1').decode(data.bytes.slice(0, count))
      index = view.getUint32(ARGUMENTS + 4, true)
    }
    return text
  }

  /** How long each CPU has spent in Xen's idle vCPU since boot. See `idleTimesOf`. */
  idleTimes(): IdleTimes {
    const { onlineCpus } = this.physicalInfo()
    const most = 1024
    const data = this.#hypervisor.buffer(DATA, most * 8)
    const { view } = this.#require(GETCPUINFO, 'getcpuinfo', (args) => {
      args.setUint32(0, most, true)
      args.setBigUint64(8, data.address, true)
    })
    const count = view.getUint32(ARGUMENTS + 16, true)
    const told = Array.from({ length: count }, (_, cpu) => data.view.getBigUint64(cpu * 8, true))
    return idleTimesOf(told, onlineCpus)
  }

  /**
   * The raw `xen_domctl_getdomaininfo` records of all domains, `recordBytes` each.
   *
   * The record's size is part of the interface version; see `domains.ts`.
   */
  domainRecords(recordBytes: number): readonly DataView[] {
    const most = 256
    const records: DataView[] = []
    for (let first = 0; ;) {
      const data = this.#hypervisor.buffer(DATA, most * recordBytes)
      const { view } = this.#require(GETDOMAININFOLIST, 'getdomaininfolist', (args) => {
        args.setUint16(0, first, true)
        args.setUint32(4, most, true)
        args.setBigUint64(8, data.address, true)
      })
      const count = view.getUint32(ARGUMENTS + 16, true)
      for (let index = 0; index < count; index += 1) {
        const copy = data.bytes.slice(index * recordBytes, (index + 1) * recordBytes)
        records.push(new DataView(copy.buffer))
      }
      const last = records.at(-1)
      if (count < most || last === undefined) return records
      first = last.getUint16(0, true) + 1
    }
  }

  /**
   * One livepatch operation: what Xen returned, a negative errno or a result of zero and above, and
   * its arguments as Xen left them. See `livepatch-abi.ts`.
   */
  livepatch(fill: (args: DataView) => void): { readonly result: number; readonly args: DataView } {
    const { result, buffer } = this.#call(LIVEPATCH_OP, fill)
    return { result, args: argumentsOf(buffer) }
  }

  #require(command: number, name: string, fill?: (args: DataView) => void): HypercallBuffer {
    const { result, buffer } = this.#call(command, fill)
    if (result < 0) throw new HypercallFailed(`sysctl(${name})`, result)
    return buffer
  }

  #call(
    command: number,
    fill?: (args: DataView) => void,
  ): { result: number; buffer: HypercallBuffer } {
    const buffer = this.#hypervisor.buffer(0, STRUCT_BYTES)
    buffer.view.setUint32(0, command, true)
    buffer.view.setUint32(4, this.interfaceVersion, true)
    fill?.(argumentsOf(buffer))
    return { result: this.#hypervisor.call(SYSCTL, buffer.address), buffer }
  }
}

function argumentsOf({ bytes }: HypercallBuffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + ARGUMENTS, bytes.byteLength - ARGUMENTS)
}
