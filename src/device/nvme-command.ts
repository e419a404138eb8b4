/**
 * NVMe submission entries, completion entries and SGLs as bytes.
 *
 * NVM Express Base Specification 1.4: 4.2 (submission queue entry), 4.4 (SGL), 4.6 (completion);
 * 5.3, 5.4, 5.15 (the admin commands); 6.8, 6.9 and 6.15 (Flush, Read, Write).
 *
 * @module
 */
import type { MachineAddress } from '../address/address.ts'
import type { Extent } from '../memory/physical-memory.ts'

export const COMMAND_BYTES = 64
export const COMPLETION_BYTES = 16

const ADMIN_CREATE_SUBMISSION_QUEUE = 0x01
const ADMIN_CREATE_COMPLETION_QUEUE = 0x05
const ADMIN_IDENTIFY = 0x06
const NVM_FLUSH = 0x00
const NVM_WRITE = 0x01
const NVM_READ = 0x02

const PSDT_SGL = 0x40
const SGL_DATA_BLOCK = 0
const SGL_LAST_SEGMENT = 3
const SGL_DESCRIPTOR_BYTES = 16

/** Where a command's data lies: one or two pages (PRP), or a list of extents (SGL). */
export type DataPointer =
  | { readonly kind: 'none' }
  | { readonly kind: 'prp'; readonly first: MachineAddress; readonly second?: MachineAddress }
  | { readonly kind: 'sgl'; readonly list: Extent }

export function identify(cns: number, namespaceId: number, to: MachineAddress): Uint8Array {
  return command(ADMIN_IDENTIFY, namespaceId, { kind: 'prp', first: to }, [cns])
}

export function createCompletionQueue(entries: number, at: MachineAddress): Uint8Array {
  const physicallyContiguous = 1
  return command(ADMIN_CREATE_COMPLETION_QUEUE, 0, { kind: 'prp', first: at }, [
    ((entries - 1) << 16) | 1,
    physicallyContiguous,
  ])
}

export function createSubmissionQueue(entries: number, at: MachineAddress): Uint8Array {
  const completionQueueAndContiguous = (1 << 16) | 1
  return command(ADMIN_CREATE_SUBMISSION_QUEUE, 0, { kind: 'prp', first: at }, [
    ((entries - 1) << 16) | 1,
    completionQueueAndContiguous,
  ])
}

export interface BlockTransfer {
  readonly namespaceId: number
  readonly firstBlock: bigint
  readonly blocks: number
  readonly data: DataPointer
}

/** Memory to medium. */
export function writeBlocks(transfer: BlockTransfer): Uint8Array {
  return blockCommand(NVM_WRITE, transfer)
}

/** Medium to memory. */
export function readBlocks(transfer: BlockTransfer): Uint8Array {
  return blockCommand(NVM_READ, transfer)
}

/** From a volatile cache, if there is one, to what a power cut leaves. */
export function flush(namespaceId: number): Uint8Array {
  return command(NVM_FLUSH, namespaceId, { kind: 'none' }, [])
}

/** An SGL segment of data block descriptors, in order. */
export function sglSegment(extents: readonly Extent[]): Uint8Array {
  const bytes = new Uint8Array(extents.length * SGL_DESCRIPTOR_BYTES)
  const view = new DataView(bytes.buffer)
  extents.forEach((extent, index) => {
    putDescriptor(view, index * SGL_DESCRIPTOR_BYTES, SGL_DATA_BLOCK, extent)
  })
  return bytes
}

export interface Completion {
  readonly phase: number
  readonly commandId: number
  /** Status code and type; 0 is success. */
  readonly status: number
}

export function readCompletion(view: DataView, offset: number): Completion {
  const word = view.getUint16(offset + 14, true)
  return { phase: word & 1, commandId: view.getUint16(offset + 12, true), status: word >> 1 }
}

/** `type 0 code 0x2` and the like, as the specification's tables are ordered. */
export function describeStatus(status: number): string {
  return `status type ${(status >> 8) & 7} code 0x${(status & 0xff).toString(16)}`
}

function blockCommand(opcode: number, transfer: BlockTransfer): Uint8Array {
  const { firstBlock, blocks } = transfer
  return command(opcode, transfer.namespaceId, transfer.data, [
    Number(firstBlock & 0xffff_ffffn),
    Number(firstBlock >> 32n),
    blocks - 1,
  ])
}

function command(
  opcode: number,
  namespaceId: number,
  data: DataPointer,
  words: readonly number[],
): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[0] = opcode
  view.setUint32(4, namespaceId, true)
  if (data.kind === 'prp') {
    view.setBigUint64(24, data.first, true)
    view.setBigUint64(32, data.second ?? 0n, true)
  } else if (data.kind === 'sgl') {
    bytes[1] = PSDT_SGL
    putDescriptor(view, 24, SGL_LAST_SEGMENT, data.list)
  }
  words.forEach((word, index) => view.setUint32(40 + index * 4, word >>> 0, true))
  return bytes
}

function putDescriptor(view: DataView, offset: number, type: number, extent: Extent): void {
  view.setBigUint64(offset, extent.start, true)
  view.setUint32(offset + 8, extent.byteLength, true)
  view.setUint8(offset + 15, type << 4)
}
