import { gunzipSync } from 'node:zlib'
import type { Hypervisor } from './hypervisor.ts'

// public/xen.h: __HYPERVISOR_hypfs_op 42. public/hypfs.h: XEN_HYPFS_OP_read 1, and before the
// contents `struct xen_hypfs_direntry`: u8 type, u8 encoding, u16 padding, u32 length, u32 longest
// write.
const HYPFS_OP = 42
const READ = 1
const ENTRY_BYTES = 12
const ENCODING_GZIP = 1
/** Paths first, data behind them, both in the one buffer. */
const DATA = 4096
const DATA_BYTES = 15 * 4096

/**
 * One file of Xen's own file system, unpacked: `/buildinfo/config`.
 *
 * Undefined where Xen has no such file: before 4.14, built without CONFIG_HYPFS, or (for the
 * configuration) without CONFIG_HYPFS_CONFIG. Also for one of over 61,428 bytes as Xen keeps it.
 */
export function readHypfs(hypervisor: Hypervisor, file: string): string | undefined {
  const name = new TextEncoder().encode(`${file}\0`)
  const where = hypervisor.buffer(0, name.length)
  where.bytes.set(name)
  const data = hypervisor.buffer(DATA, DATA_BYTES)
  const result = hypervisor.call(
    HYPFS_OP,
    READ,
    where.address,
    name.length,
    data.address,
    DATA_BYTES,
  )
  return result === 0 ? hypfsText(data.bytes) : undefined
}

/** What `XEN_HYPFS_OP_read` left: an entry, and its contents behind it. */
export function hypfsText(data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const contents = data.slice(ENTRY_BYTES, ENTRY_BYTES + view.getUint32(4, true))
  const plain = view.getUint8(1) === ENCODING_GZIP ? gunzipSync(contents) : contents
  return new TextDecoder().decode(plain).replace(/\0+$/, '')
}
