/**
 * The C library calls that Node does not offer: mapping memory, ioctl, advisory file locks.
 *
 * @module
 */
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const cMmap = libc.func('void *mmap(void *, size_t, int, int, int, int64)')
const cMunmap = libc.func('int munmap(void *, size_t)')
const cIoctl = libc.func('int ioctl(int, uint64, void *)')
const cFlock = libc.func('int flock(int, int)')
const cMlock = libc.func('int mlock(void *, size_t)')

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FAILED = 0xffff_ffff_ffff_ffffn
const LOCK_EX_NB = 2 | 4

/** A system call failed. `errno` is the kernel's number for why. */
export class SystemCallFailed extends Error {
  readonly code = 'system-call-failed'
  readonly call: string
  readonly errno: number

  constructor(call: string, errno: number) {
    super(`${call} failed: ${errnoName(errno)}`)
    this.call = call
    this.errno = errno
  }
}

/** The name of an errno value on Linux, such as `EACCES (13)`. */
export function errnoName(errno: number): string {
  const found = Object.entries(koffi.os.errno).find(([, value]) => value === errno)
  return found ? `${found[0]} (${errno})` : `errno ${errno}`
}

/**
 * Memory mapped into this process.
 *
 * `bytes` is for bulk data. For device registers use `Registers`, because typed arrays may merge
 * or tear accesses. Mappings last until the process ends, but for those that `unmap` was given.
 */
export interface Mapping {
  readonly address: bigint
  readonly bytes: Uint8Array
}

export function mapShared(fileDescriptor: number, byteLength: number): Mapping {
  const address = cMmap(null, byteLength, PROT_READ_WRITE, MAP_SHARED, fileDescriptor, 0) as bigint
  if (address === MAP_FAILED) throw new SystemCallFailed('mmap', koffi.errno())
  return { address, bytes: new Uint8Array(koffi.view(address, byteLength)) }
}

/**
 * Gives a mapping back.
 *
 * Touching its `bytes` afterwards kills the process, so this is for a mapping whose bytes nobody
 * else was given.
 */
export function unmap(mapping: Mapping): void {
  if (cMunmap(mapping.address, mapping.bytes.byteLength) !== 0) {
    throw new SystemCallFailed('munmap', koffi.errno())
  }
}

/** Keeps the mapping's pages resident, so that a hypercall may dereference them. */
export function lockPages(mapping: Mapping): void {
  if (cMlock(mapping.address, mapping.bytes.byteLength) !== 0) {
    throw new SystemCallFailed('mlock', koffi.errno())
  }
}

/**
 * `ioctl` with a structure as argument.
 *
 * @returns its result, or minus errno
 */
export function ioctl(fileDescriptor: number, request: number, argument: Uint8Array): number {
  const result = cIoctl(fileDescriptor, request, argument) as number
  return result < 0 ? -koffi.errno() : result
}

/** Takes the exclusive lock on an open file at once, or says that another process holds it. */
export function tryLock(fileDescriptor: number): boolean {
  if (cFlock(fileDescriptor, LOCK_EX_NB) === 0) return true
  const errno = koffi.errno()
  if (errno === koffi.os.errno['EAGAIN']) return false
  throw new SystemCallFailed('flock', errno)
}

/** Device registers: every access is one load or store of the named width. */
export class Registers {
  readonly #address: bigint

  constructor(mapping: Mapping) {
    this.#address = mapping.address
  }

  read32(offset: number): number {
    return koffi.decode(this.#address, offset, 'uint32') as number
  }

  read64(offset: number): bigint {
    return BigInt(koffi.decode(this.#address, offset, 'uint64') as number | bigint)
  }

  write32(offset: number, value: number): void {
    koffi.encode(this.#address, offset, 'uint32', value)
  }

  write64(offset: number, value: bigint): void {
    koffi.encode(this.#address, offset, 'uint64', value)
  }
}
