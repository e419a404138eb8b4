import { type MachineAddress, machineAddress } from '../address/address.ts'
import type { AddressRange } from '../address/address-range.ts'
import { type BuildId, buildIdFromBytes } from '../image/build-id.ts'
import type { Hypervisor } from './hypervisor.ts'

// public/version.h: __HYPERVISOR_xen_version 17 and its sub-commands.
const XEN_VERSION = 17
const XENVER_VERSION = 0
const XENVER_EXTRAVERSION = 1
const XENVER_COMMANDLINE = 9
const XENVER_BUILD_ID = 10

// public/kexec.h: __HYPERVISOR_kexec_op 37, KEXEC_CMD_kexec_get_range 3, KEXEC_RANGE_MA_XEN 1.
const KEXEC_OP = 37
const KEXEC_GET_RANGE = 3
const RANGE_MA_XEN = 1

/** A hypercall that every supported Xen answers was not answered. */
export class HypercallFailed extends Error {
  readonly code = 'hypercall-failed'
  readonly call: string
  readonly result: number

  constructor(call: string, result: number) {
    super(`Hypercall ${call} answered ${result}`)
    this.call = call
    this.result = result
  }
}

/** `4.17.5`: the version that Xen reports of itself. Two builds of it may differ in every byte. */
export function readVersion(hypervisor: Hypervisor): string {
  const number = hypervisor.call(XEN_VERSION, XENVER_VERSION, 0)
  if (number < 0) throw new HypercallFailed('xen_version(version)', number)
  const extra = hypervisor.buffer(0, 16)
  const result = hypervisor.call(XEN_VERSION, XENVER_EXTRAVERSION, extra.address)
  return `${number >> 16}.${number & 0xffff}${result < 0 ? '' : text(extra.bytes)}`
}

/** The command line with which Xen was booted. */
export function readCommandLine(hypervisor: Hypervisor): string {
  const buffer = hypervisor.buffer(0, 1024)
  const result = hypervisor.call(XEN_VERSION, XENVER_COMMANDLINE, buffer.address)
  return result < 0 ? '' : text(buffer.bytes)
}

/**
 * The build-id of the Xen that runs, as it reports it.
 *
 * Undefined before Xen 4.7 and in builds linked without one.
 */
export function readBuildId(hypervisor: Hypervisor): BuildId | undefined {
  const capacity = 64
  const buffer = hypervisor.buffer(0, 4 + capacity)
  buffer.view.setUint32(0, capacity, true)
  const length = hypervisor.call(XEN_VERSION, XENVER_BUILD_ID, buffer.address)
  if (length <= 0) return undefined
  return buildIdFromBytes(buffer.bytes.subarray(4, 4 + length))
}

/**
 * Where Xen's image lies in machine memory, from `_start` to `_end`.
 *
 * Undefined in a Xen built without KEXEC. Needs no `crashkernel=`.
 */
export function readImageRange(hypervisor: Hypervisor): AddressRange<MachineAddress> | undefined {
  const buffer = hypervisor.buffer(0, 24)
  buffer.view.setInt32(0, RANGE_MA_XEN, true)
  if (hypervisor.call(KEXEC_OP, KEXEC_GET_RANGE, buffer.address) < 0) return undefined
  return {
    byteLength: Number(buffer.view.getBigUint64(8, true)),
    start: machineAddress(buffer.view.getBigUint64(16, true)),
  }
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder('latin1').decode(bytes.subarray(0, end < 0 ? bytes.length : end))
}
