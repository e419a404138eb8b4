/**
 * The arguments of the livepatch hypercall, to bytes and back: `struct xen_sysctl_livepatch_op` of
 * public/sysctl.h in Xen 4.7 (interface version 0xD) to 4.21 (0x16).
 *
 *     0  u32 sub-operation   4  u32 zero   8  one of
 *
 *     UPLOAD 0   8 name   24 u64 size      32 u64 payload
 *     GET 1      8 name   24 u32 state     28 i32 rc
 *     ACTION 3   8 name   24 u32 action    28 u32 timeout (ns)   from 0x13: 32 u32 flags, 36 zero
 *     LIST 2     8 u32 version  12 u32 idx  16 u32 nr  20 u32 zero
 *                up to 0x12:  24 status  32 name  40 len                          (u64 each)
 *                from 0x13:   24 u32 name_total_size  28 u32 metadata_total_size
 *                             32 status  40 name  48 len  56 metadata  64 metadata_len
 *
 *     name       0 u64 characters   8 u16 size with the final NUL   10 u16[3] zero
 *     status     0 u32 state        4 i32 rc
 *
 * Views begin at the sub-operation and are zeroed before they are filled.
 *
 * @module
 */

/** `XEN_LIVEPATCH_NAME_SIZE` without the final NUL. */
export const MAX_LIVEPATCH_NAME_BYTES = 127
/** The first interface version whose LIST tells metadata, and whose ACTION has flags: Xen 4.14. */
export const FIRST_WITH_METADATA = 0x13
/** `LIVEPATCH_ACTION_*`. */
export const LIVEPATCH_ACTIONS = { unload: 1, revert: 2, apply: 3, replace: 4 } as const

export type LivepatchAction = keyof typeof LIVEPATCH_ACTIONS

/** `LIVEPATCH_STATE_*`: loaded; loaded, and its functions are in use. */
export type LivepatchState = 'checked' | 'applied'

/** Where the characters of a name lie, with a NUL behind them. */
export interface NameHandle {
  readonly address: bigint
  /** With the NUL. */
  readonly byteLength: number
}

const UPLOAD = 0
const GET = 1
const LIST = 2
const ACTION = 3

/** `XEN_LIVEPATCH_NAME_SIZE`: how far apart LIST puts names up to 0x12. */
const NAME_STRIDE = 128
const STATUS_BYTES = 8
const APPLY_NODEPS = 1

export function encodeUpload(
  args: DataView,
  name: NameHandle,
  payload: { readonly address: bigint; readonly byteLength: number },
): void {
  args.setUint32(0, UPLOAD, true)
  encodeName(args, name)
  args.setBigUint64(24, BigInt(payload.byteLength), true)
  args.setBigUint64(32, payload.address, true)
}

export function encodeGet(args: DataView, name: NameHandle): void {
  args.setUint32(0, GET, true)
  encodeName(args, name)
}

export interface ActionArguments {
  readonly name: NameHandle
  readonly action: LivepatchAction
  /** For bringing all CPUs together: nanoseconds, under 2^32. Zero is Xen's own: 30 ms. */
  readonly timeoutNs: number
  /** Apply whatever is on top of the stack. From interface version 0x13. */
  readonly nodeps: boolean
}

export function encodeAction(
  args: DataView,
  interfaceVersion: number,
  { name, action, timeoutNs, nodeps }: ActionArguments,
): void {
  args.setUint32(0, ACTION, true)
  encodeName(args, name)
  args.setUint32(24, LIVEPATCH_ACTIONS[action], true)
  args.setUint32(28, timeoutNs, true)
  if (interfaceVersion >= FIRST_WITH_METADATA) args.setUint32(32, nodeps ? APPLY_NODEPS : 0, true)
}

/** Where LIST puts what it tells of up to `count` payloads. */
export interface ListBuffers {
  readonly byteLength: number
  readonly count: number
  readonly nameBytes: number
  readonly metadataBytes: number
  /** Offsets into one buffer. */
  readonly status: number
  readonly lengths: number
  readonly metadataLengths: number
  readonly names: number
  readonly metadata: number
}

/** Room for `count` payloads whose names and metadata have the given total sizes. */
export function listBuffers(
  interfaceVersion: number,
  { remaining, nameBytes, metadataBytes }: ListReply,
): ListBuffers {
  const count = remaining
  const lengths = count * STATUS_BYTES
  const metadataLengths = lengths + count * 4
  const names = metadataLengths + count * 4
  const roomForNames = interfaceVersion >= FIRST_WITH_METADATA ? nameBytes : count * NAME_STRIDE
  const metadata = names + roomForNames
  return {
    byteLength: metadata + metadataBytes,
    count,
    nameBytes: roomForNames,
    metadataBytes,
    status: 0,
    lengths,
    metadataLengths,
    names,
    metadata,
  }
}

/** Without buffers it asks for the number of payloads and the sizes alone. */
export function encodeList(
  args: DataView,
  interfaceVersion: number,
  into?: { readonly address: bigint; readonly buffers: ListBuffers; readonly first: number },
): void {
  args.setUint32(0, LIST, true)
  if (into === undefined) return
  const { address, buffers, first } = into
  const at = (offset: number): bigint => address + BigInt(offset)
  args.setUint32(12, first, true)
  args.setUint32(16, buffers.count, true)
  if (interfaceVersion < FIRST_WITH_METADATA) {
    args.setBigUint64(24, at(buffers.status), true)
    args.setBigUint64(32, at(buffers.names), true)
    args.setBigUint64(40, at(buffers.lengths), true)
    return
  }
  // From 4.21 Xen reads the two sizes as those of the buffers; before, it only writes them.
  args.setUint32(24, buffers.nameBytes, true)
  args.setUint32(28, buffers.metadataBytes, true)
  args.setBigUint64(32, at(buffers.status), true)
  args.setBigUint64(40, at(buffers.names), true)
  args.setBigUint64(48, at(buffers.lengths), true)
  args.setBigUint64(56, at(buffers.metadata), true)
  args.setBigUint64(64, at(buffers.metadataLengths), true)
}

/** What LIST leaves in its arguments. */
export interface ListReply {
  /** Changes whenever a payload comes or goes. */
  readonly version: number
  /** How many payloads there are behind those that this call told of. */
  readonly remaining: number
  /** Zero up to 0x12. */
  readonly nameBytes: number
  readonly metadataBytes: number
}

export function decodeListReply(args: DataView, interfaceVersion: number): ListReply {
  const sizes = interfaceVersion >= FIRST_WITH_METADATA
  return {
    version: args.getUint32(8, true),
    remaining: args.getUint32(16, true),
    nameBytes: sizes ? args.getUint32(24, true) : 0,
    metadataBytes: sizes ? args.getUint32(28, true) : 0,
  }
}

/** What Xen says of one payload. */
export interface LivepatchStatus {
  /** Undefined for a state that this Xen has and Reweave does not know. */
  readonly state: LivepatchState | undefined
  /** How its last action ended: 0, or a negative errno; -EAGAIN while it is under way. */
  readonly rc: number
}

/** A payload that is loaded, in the order of uploading. */
export interface LoadedLivepatch extends LivepatchStatus {
  readonly name: string
  /** The strings of its `.modinfo`, as a rule `key=value`. Undefined up to 0x12. */
  readonly metadata: readonly string[] | undefined
}

export function decodeStatus(args: DataView, at = 24): LivepatchStatus {
  const state = args.getUint32(at, true)
  return {
    state: state === 1 ? 'checked' : state === 2 ? 'applied' : undefined,
    rc: args.getInt32(at + 4, true),
  }
}

/** The `told` payloads that LIST wrote into the buffers. */
export function decodeListed(
  bytes: Uint8Array,
  interfaceVersion: number,
  buffers: ListBuffers,
  told: number,
): readonly LoadedLivepatch[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const packed = interfaceVersion >= FIRST_WITH_METADATA
  const listed: LoadedLivepatch[] = []
  let name = buffers.names
  let metadata = buffers.metadata
  for (let index = 0; index < told; index += 1) {
    const nameBytes = view.getUint32(buffers.lengths + index * 4, true)
    const metadataBytes = packed ? view.getUint32(buffers.metadataLengths + index * 4, true) : 0
    listed.push({
      name: text(bytes.subarray(name, name + nameBytes)),
      ...decodeStatus(view, buffers.status + index * STATUS_BYTES),
      metadata: packed ? strings(bytes.subarray(metadata, metadata + metadataBytes)) : undefined,
    })
    name += packed ? nameBytes : NAME_STRIDE
    metadata += metadataBytes
  }
  return listed
}

function encodeName(args: DataView, { address, byteLength }: NameHandle): void {
  args.setBigUint64(8, address, true)
  args.setUint16(16, byteLength, true)
}

/** Names are bytes to Xen; each is shown as one character, so that any name can be told. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  let made = ''
  for (const byte of end < 0 ? bytes : bytes.subarray(0, end)) made += String.fromCharCode(byte)
  return made
}

function strings(bytes: Uint8Array): readonly string[] {
  const made: string[] = []
  for (let from = 0; from < bytes.length;) {
    const one = text(bytes.subarray(from))
    if (one !== '') made.push(one)
    from += one.length + 1
  }
  return made
}
