/**
 * The two initramfs images: Dom0's, which finds the root disk, and the guests', which is all they
 * have.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { type CpioEntry, writeCpio } from './cpio-archive.ts'

/** The applets that the two init scripts call by their names alone. */
const DOM0_APPLETS = ['findfs', 'insmod', 'mount', 'sh', 'sleep', 'switch_root'] as const
const GUEST_APPLETS = ['cat', 'insmod', 'sh'] as const

/**
 * Dom0's: busybox, the init script, and modules in the order in which they are loaded.
 *
 * Not compressed: the emulator copies bytes much faster than it runs a decompressor.
 */
export function makeDom0Initramfs(parts: {
  readonly busybox: Uint8Array
  readonly init: string
  /** Files, in the order of loading. */
  readonly modules: readonly string[]
}): Uint8Array {
  const names = parts.modules.map((file) => path.basename(file))
  return writeCpio([
    ...frame(parts.busybox, parts.init, DOM0_APPLETS),
    { kind: 'directory', path: 'root' },
    { kind: 'directory', path: 'modules' },
    textFile('modules/order', `${names.join('\n')}\n`),
    ...parts.modules.map((file) => binaryFile(`modules/${path.basename(file)}`, file)),
  ])
}

/** The guests': busybox, the init script with the heartbeat, and the module that reads MSRs. */
export function makeGuestInitramfs(parts: {
  readonly busybox: Uint8Array
  readonly init: string
  readonly msrModule: string
}): Uint8Array {
  const archive = writeCpio([
    ...frame(parts.busybox, parts.init, GUEST_APPLETS),
    binaryFile('msr.ko', parts.msrModule),
  ])
  return gzipSync(archive, { level: 9 })
}

function frame(busybox: Uint8Array, init: string, applets: readonly string[]): CpioEntry[] {
  return [
    ...['bin', 'dev', 'proc', 'sys'].map((name): CpioEntry => ({ kind: 'directory', path: name })),
    { kind: 'file', path: 'bin/busybox', bytes: busybox, executable: true },
    ...applets.map((name): CpioEntry => ({ kind: 'link', path: `bin/${name}`, target: 'busybox' })),
    { kind: 'file', path: 'init', bytes: new TextEncoder().encode(init), executable: true },
  ]
}

function textFile(name: string, text: string): CpioEntry {
  return { kind: 'file', path: name, bytes: new TextEncoder().encode(text), executable: false }
}

function binaryFile(name: string, file: string): CpioEntry {
  return { kind: 'file', path: name, bytes: readFileSync(file), executable: false }
}
