import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { ioctl, type Mapping, mapShared, unmap } from './libc.ts'

/** Why hypercalls cannot be made from here. */
export type HypervisorRefusal =
  | { readonly kind: 'not-root'; readonly uid: number }
  | { readonly kind: 'not-on-xen'; readonly found: string }
  | { readonly kind: 'not-dom0'; readonly found: string }
  | { readonly kind: 'no-privcmd'; readonly path: string }

export function describeHypervisorRefusal(refusal: HypervisorRefusal): string {
  switch (refusal.kind) {
    case 'not-root':
      return `Must run as root in Dom0, runs as user ${refusal.uid}: try again with sudo`
    case 'not-on-xen':
      return `This machine does not run on Xen (${refusal.found}): run the command in Dom0`
    case 'not-dom0':
      return `This domain is not the control domain (${refusal.found}): run the command in Dom0`
    case 'no-privcmd':
      return `${refusal.path} is missing: load the kernel module xen-privcmd (modprobe xen-privcmd)`
  }
}

const PRIVCMD = '/dev/xen/privcmd'
const HYPERCALL_BUFFER = '/dev/xen/hypercall'
const BUFFER_BYTES = 16 * 4096

/** `_IOC(_IOC_NONE, 'P', number, byteLength)`, include/uapi/xen/privcmd.h of Linux. */
function privcmdRequest(number: number, byteLength: number): number {
  return (byteLength << 16) | (0x50 << 8) | number
}

const IOCTL_HYPERCALL = privcmdRequest(0, 48)
const IOCTL_MMAPBATCH_V2 = privcmdRequest(4, 32)

/** A reserved domain id by which a domain names itself (Xen: public/xen.h). */
export const DOMID_SELF = 0x7ff0

/**
 * Memory that a hypercall may dereference, handed out in turn.
 *
 * Linux backs `/dev/xen/hypercall` with pages that stay where they are during the call.
 */
export interface HypercallBuffer {
  readonly address: bigint
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** The running hypervisor, as Dom0's root reaches it through `/dev/xen/privcmd`. */
export class Hypervisor {
  readonly #privcmd: number
  readonly #buffer: Mapping

  private constructor(privcmd: number, buffer: Mapping) {
    this.#privcmd = privcmd
    this.#buffer = buffer
  }

  static open():
    | { readonly kind: 'open'; readonly hypervisor: Hypervisor }
    | { readonly kind: 'refused'; readonly refusal: HypervisorRefusal } {
    const refusal = whyNot()
    if (refusal) return { kind: 'refused', refusal }
    const privcmd = openSync(PRIVCMD, 'r+')
    return { kind: 'open', hypervisor: new Hypervisor(privcmd, mapHypercallMemory(BUFFER_BYTES)) }
  }

  /**
   * Makes one hypercall.
   *
   * @returns what the hypervisor returned: a negative errno, or a result of zero and above
   */
  call(number: number, ...args: readonly (number | bigint)[]): number {
    const request = new Uint8Array(48)
    const view = new DataView(request.buffer)
    view.setBigUint64(0, BigInt(number), true)
    args.forEach((arg, index) => {
      view.setBigUint64(8 + 8 * index, BigInt.asUintN(64, BigInt(arg)), true)
    })
    return ioctl(this.#privcmd, IOCTL_HYPERCALL, request)
  }

  /**
   * Zeroed memory for a hypercall's arguments, at `offset` in the one shared buffer.
   *
   * Calls do not nest: what one call put there is gone with the next use of the same bytes.
   */
  buffer(offset: number, byteLength: number): HypercallBuffer {
    if (offset + byteLength > BUFFER_BYTES) {
      throw new RangeError(
        `A hypercall buffer holds ${BUFFER_BYTES} bytes, asked for ${byteLength}`,
      )
    }
    const bytes = this.#buffer.bytes.subarray(offset, offset + byteLength)
    bytes.fill(0)
    return {
      address: this.#buffer.address + BigInt(offset),
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    }
  }

  /**
   * Hands `use` memory of its own for a hypercall's data, zeroed, and takes it back when `use`
   * returns. Nothing of it may be kept: what is behind `bytes` is then gone.
   *
   * For what does not fit into the shared buffer. Linux from 4.18 to 4.19 may allow 64 pages only.
   */
  withMemory<T>(byteLength: number, use: (buffer: HypercallBuffer) => T): T {
    const mapping = mapHypercallMemory(Math.max(Math.ceil(byteLength / 4096), 1) * 4096)
    try {
      const bytes = mapping.bytes.subarray(0, byteLength)
      return use({
        address: mapping.address,
        bytes,
        view: new DataView(bytes.buffer, bytes.byteOffset, byteLength),
      })
    } finally {
      unmap(mapping)
    }
  }

  /** Maps machine frames that this domain owns. Pure Dom0 (PV) only. */
  mapFrames(frames: readonly bigint[]): Mapping {
    const mapping = mapShared(this.#privcmd, frames.length * 4096)
    const list = this.buffer(0, frames.length * 8)
    frames.forEach((frame, index) => list.view.setBigUint64(index * 8, frame, true))
    const errors = this.buffer(frames.length * 8, frames.length * 4)
    const request = new Uint8Array(32)
    const view = new DataView(request.buffer)
    view.setUint32(0, frames.length, true)
    view.setUint16(4, DOMID_SELF, true)
    view.setBigUint64(8, mapping.address, true)
    view.setBigUint64(16, list.address, true)
    view.setBigUint64(24, errors.address, true)
    const result = ioctl(this.#privcmd, IOCTL_MMAPBATCH_V2, request)
    if (result !== 0) throw new FramesNotMapped(result)
    return mapping
  }
}

/** Whole pages that a hypercall may dereference, zeroed by Linux. */
function mapHypercallMemory(byteLength: number): Mapping {
  const file = openSync(HYPERCALL_BUFFER, 'r+')
  try {
    return mapShared(file, byteLength)
  } finally {
    closeSync(file)
  }
}

/** Linux did not map the frames that Xen gave this domain. */
export class FramesNotMapped extends Error {
  readonly code = 'frames-not-mapped'
  readonly result: number

  constructor(result: number) {
    super(`Cannot map own machine frames: privcmd answered ${result}`)
    this.result = result
  }
}

function whyNot(): HypervisorRefusal | undefined {
  const type = readText('/sys/hypervisor/type')
  if (type !== 'xen') {
    return { kind: 'not-on-xen', found: `/sys/hypervisor/type is ${type ?? 'missing'}` }
  }
  const uid = process.getuid?.() ?? -1
  if (uid !== 0) return { kind: 'not-root', uid }
  const capabilities = readText('/proc/xen/capabilities')
  if (capabilities !== undefined && !capabilities.includes('control_d')) {
    return { kind: 'not-dom0', found: `/proc/xen/capabilities is '${capabilities}'` }
  }
  for (const path of [PRIVCMD, HYPERCALL_BUFFER]) {
    if (!existsSync(path)) return { kind: 'no-privcmd', path }
  }
  return undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
