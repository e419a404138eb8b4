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
import type { BootModules } from './dom0-modules.ts'
import { withoutSignature } from './linux-image.ts'

/** The applets that the two init scripts call by their names alone. */
const DOM0_APPLETS = ['dd', 'findfs', 'insmod', 'mount', 'sh', 'sleep', 'switch_root'] as const
const GUEST_APPLETS = ['cat', 'insmod', 'sh'] as const

/**
 * Dom0's: busybox, the init script, and modules in the order in which they are loaded.
 *
 * Not compressed: the emulator copies bytes much faster than it runs a decompressor.
 */
export function makeDom0Initramfs(parts: {
  readonly busybox: Uint8Array
  readonly init: string
  readonly modules: BootModules
}): Uint8Array {
  return writeCpio([
    ...frame(parts.busybox, parts.init, DOM0_APPLETS),
    { kind: 'directory', path: 'root' },
    { kind: 'directory', path: 'modules' },
    orderFile('modules/first', parts.modules.first),
    orderFile('modules/for-root', parts.modules.forRoot),
    orderFile('modules/for-lab', parts.modules.forLab),
    ...[...parts.modules.first, ...parts.modules.forRoot, ...parts.modules.forLab].map((file) =>
      moduleEntry(`modules/${path.basename(file)}`, file),
    ),
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
    moduleEntry('msr.ko', parts.msrModule),
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

function orderFile(name: string, modules: readonly string[]): CpioEntry {
  const text = modules.map((file) => `${path.basename(file)}\n`).join('')
  return { kind: 'file', path: name, bytes: new TextEncoder().encode(text), executable: false }
}

function moduleEntry(name: string, file: string): CpioEntry {
  const bytes = withoutSignature(readFileSync(file))
  return { kind: 'file', path: name, bytes, executable: false }
}
