/**
 * Linux's boot file, opened up: the kernel itself, and modules without their signatures.
 *
 * Under software emulation Xen takes about four seconds to decompress Debian's kernel, and so does
 * `xl create` for each guest. Both take the uncompressed ELF file as well.
 *
 * Format: Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
 *
 * @module
 */

const SETUP_SECTORS = 0x1f1
const MAGIC = 0x202
const VERSION = 0x206
const PAYLOAD_OFFSET = 0x248
const PAYLOAD_LENGTH = 0x24c
const HEADER_BYTES = 0x250
const SECTOR_BYTES = 512
/** `payload_offset` and `payload_length` came with protocol 2.08. */
const OLDEST_VERSION = 0x208
/** The length of the decompressed kernel, which the kernel's build appends to the xz stream. */
const APPENDED_BYTES = 4
const XZ_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const

export type CompressedKernel =
  | { readonly kind: 'found'; readonly xz: Uint8Array }
  | { readonly kind: 'not-a-kernel' }
  | { readonly kind: 'other-compression' }

/** The xz stream inside a `vmlinuz`. Debian 12 compresses its kernels with xz. */
export function findCompressedKernel(file: Uint8Array): CompressedKernel {
  if (file.length < HEADER_BYTES) return { kind: 'not-a-kernel' }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const isKernel = new TextDecoder('latin1').decode(file.subarray(MAGIC, MAGIC + 4)) === 'HdrS'
  if (!isKernel || view.getUint16(VERSION, true) < OLDEST_VERSION) return { kind: 'not-a-kernel' }
  // Zero stands for four, from times when the field was not filled in.
  const setupSectors = view.getUint8(SETUP_SECTORS) || 4
  const start = (setupSectors + 1) * SECTOR_BYTES + view.getUint32(PAYLOAD_OFFSET, true)
  const end = start + view.getUint32(PAYLOAD_LENGTH, true) - APPENDED_BYTES
  if (end > file.length || start >= end) return { kind: 'not-a-kernel' }
  const xz = file.subarray(start, end)
  return XZ_MAGIC.every((byte, index) => xz[index] === byte)
    ? { kind: 'found', xz }
    : { kind: 'other-compression' }
}

const SIGNED = new TextEncoder().encode('~Module signature appended~\n')
const SIGNATURE_INFO_BYTES = 12

/**
 * A kernel module without the signature at its end, or as it is when it has none.
 *
 * Checking one costs an RSA operation and a hash over the module, at each boot. Debian's kernel
 * takes unsigned modules, and marks itself tainted.
 */
// Layout: module, PKCS #7 message, `struct module_signature` with the message's length in its last
// four bytes, big endian, then the magic text (Linux, include/linux/module_signature.h).
export function withoutSignature(module: Uint8Array): Uint8Array {
  const info = module.length - SIGNED.length - SIGNATURE_INFO_BYTES
  if (info < 0) return module
  const tail = module.subarray(module.length - SIGNED.length)
  if (!SIGNED.every((byte, index) => tail[index] === byte)) return module
  const view = new DataView(module.buffer, module.byteOffset, module.byteLength)
  const messageBytes = view.getUint32(info + SIGNATURE_INFO_BYTES - 4)
  return messageBytes <= info ? module.subarray(0, info - messageBytes) : module
}
