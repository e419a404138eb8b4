import { beginsWithEndbr64, ENDBR64 } from '../x86/endbr64.ts'
import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import type { Image } from './image.ts'

/**
 * What a hypervisor says of its own build, as compiled in. What its code does not tell in the
 * usual way is undefined.
 */
export interface CompileInfo {
  /** 4 of 4.17.5. */
  readonly majorVersion: number | undefined
  /** 17 of 4.17.5. */
  readonly minorVersion: number | undefined
  /** `.5` of 4.17.5, with what the builder added. */
  readonly extraVersion: string | undefined
  /** The first line of `gcc --version`. */
  readonly compiler: string | undefined
  readonly compileDate: string | undefined
  readonly changeset: string | undefined
}

/**
 * Reads them out of the functions that return them (Xen 4.7 to 4.21, xen/common/version.c).
 *
 * Each is one instruction that loads `%eax` or `%rax`, and a return, directly or by the return thunk.
 */
export function readCompileInfo(image: Image): CompileInfo {
  return {
    majorVersion: returnedNumber(image, 'xen_major_version'),
    minorVersion: returnedNumber(image, 'xen_minor_version'),
    extraVersion: returnedText(image, 'xen_extra_version'),
    compiler: returnedText(image, 'xen_compiler'),
    compileDate: returnedText(image, 'xen_compile_date'),
    changeset: returnedText(image, 'xen_changeset'),
  }
}

// Intel SDM volume 2: MOV r32, imm32 (B8+r); XOR r32, r32 (31 /r, 33 /r);
// LEA r64, [rip+disp32]; RET; JMP rel32.
const MOV_EAX = [0xb8]
const ZERO_EAX = [
  [0x31, 0xc0],
  [0x33, 0xc0],
]
const LEA_RAX_RIP = [0x48, 0x8d, 0x05]
const RET = [0xc3]
const JMP = [0xe9]

/** Longer than any of these functions. */
const MOST_BYTES = 64

/** The longest text that is taken for one: no first line of a compiler is as long. */
const MOST_TEXT_BYTES = 1024

interface Accessor {
  readonly address: VirtualAddress
  readonly bytes: Uint8Array
  /** Where its load begins: behind `endbr64`, if there is one. */
  readonly load: number
}

function accessor(image: Image, name: string): Accessor | undefined {
  const found = image.find(name)
  if (found.kind !== 'found' || found.symbol.kind !== 'function') return undefined
  const { address, byteLength } = found.symbol
  if (byteLength > MOST_BYTES) return undefined
  const bytes = image.bytesAt({ start: address, byteLength })
  if (bytes === undefined) return undefined
  return { address, bytes, load: beginsWithEndbr64(bytes) ? ENDBR64.length : 0 }
}

function returnedNumber(image: Image, name: string): number | undefined {
  const from = accessor(image, name)
  if (from === undefined) return undefined
  const { bytes, load } = from
  if (ZERO_EAX.some((zero) => begins(bytes, load, zero)) && returnsAt(image, from, load + 2)) {
    return 0
  }
  if (!begins(bytes, load, MOV_EAX) || !returnsAt(image, from, load + 5)) return undefined
  return viewOf(bytes).getUint32(load + 1, true)
}

function returnedText(image: Image, name: string): string | undefined {
  const from = accessor(image, name)
  if (from === undefined) return undefined
  const { address, bytes, load } = from
  const end = load + 7
  if (!begins(bytes, load, LEA_RAX_RIP) || !returnsAt(image, from, end)) return undefined
  return textAt(image, address + BigInt(end + viewOf(bytes).getInt32(load + 3, true)))
}

/** Whether the function ends with a return at `at`. */
function returnsAt(image: Image, from: Accessor, at: number): boolean {
  const { address, bytes } = from
  if (begins(bytes, at, RET)) return bytes.length === at + 1
  if (!begins(bytes, at, JMP) || bytes.length !== at + 5) return false
  const thunk = image.find('__x86_return_thunk')
  const target = address + BigInt(at + 5 + viewOf(bytes).getInt32(at + 1, true))
  return thunk.kind === 'found' && thunk.symbol.address === target
}

/** The printable text at an address, up to its NUL. */
function textAt(image: Image, address: bigint): string | undefined {
  const section = image.sections.find(
    ({ start, byteLength }) => start <= address && address < start + BigInt(byteLength),
  )
  if (section?.bytes === undefined) return undefined
  const start = Number(virtualAddress(address) - section.start)
  const rest = section.bytes.subarray(start, start + MOST_TEXT_BYTES)
  const end = rest.indexOf(0)
  const text = rest.subarray(0, Math.max(end, 0))
  if (end < 0 || text.some((byte) => byte < 0x20 || byte > 0x7e)) return undefined
  return String.fromCharCode(...text)
}

function begins(bytes: Uint8Array, at: number, pattern: readonly number[]): boolean {
  return (
    at + pattern.length <= bytes.length &&
    pattern.every((byte, index) => bytes[at + index] === byte)
  )
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
