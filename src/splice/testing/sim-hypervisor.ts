import {
  advance,
  FRAME_BYTES,
  machineAddress,
  machineFrame,
  virtualAddress,
} from '../../address/address.ts'
import type { MachineFrame, VirtualAddress } from '../../address/address.ts'
import { buildIdFromBytes, type BuildId } from '../../image/build-id.ts'
import { type ImageLocation, toMachine } from '../../image/image-location.ts'
import { SimRam } from '../../memory/testing/sim-ram.ts'
import { rangeOf } from '../plan-shape.ts'
import type { SplicePlan } from '../plan.ts'
import type { ImageIdentity } from '../precheck.ts'

/** Where the simulated image keeps things, as offsets from its start. */
export const SIM_TEXT_OFFSET = 0x200
export const SIM_TEXT_BYTES = 0x800
const BUILD_ID_OFFSET = 0xa10
const IMAGE_BYTES = 0xc00
/** Other memory below and above the image; whole frames below. */
const MARGIN_BYTES = 2 * FRAME_BYTES

const virtualStart = virtualAddress(0xffff_82d0_4020_0000n)
const machineStart = machineAddress(0x5fa0_0000n)

/** The address of a byte of the simulated `.text`. */
export function simText(offset: number): VirtualAddress {
  return advance(virtualStart, SIM_TEXT_OFFSET + offset)
}

export const simLocation: ImageLocation = {
  virtualStart,
  machine: { start: machineStart, byteLength: IMAGE_BYTES },
}

const buildIdBytes = Uint8Array.from({ length: 20 }, (_, index) => (index * 37 + 11) & 0xff)

export const simBuildId: BuildId = known(buildIdFromBytes(buildIdBytes))

export const simImage: ImageIdentity = {
  buildId: simBuildId,
  buildIdAt: advance(virtualStart, BUILD_ID_OFFSET),
  start: virtualStart,
  byteLength: IMAGE_BYTES,
  textWithPadding: { start: simText(0), byteLength: SIM_TEXT_BYTES },
}

/** Simulated memory that holds the image, and other memory on both sides. */
export function simHypervisorRam(): SimRam {
  const ram = new SimRam(advance(machineStart, -MARGIN_BYTES), unpatchedBytes.length)
  ram.bytes.set(unpatchedBytes)
  return ram
}

/** Frames below the image, on which an engine can be tried. */
export const simOwnFrames: readonly MachineFrame[] = [1n, 2n].map((below) =>
  machineFrame(machineStart / BigInt(FRAME_BYTES) - below),
)

/** Whether every byte of memory is as `simHypervisorRam` made it. */
export function isUnpatched(ram: SimRam): boolean {
  return ram.bytes.every((byte, index) => byte === unpatchedBytes[index])
}

/** What an unpatched simulated `.text` holds. */
export function simTextBytes(offset: number, byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, index) =>
    simByte(MARGIN_BYTES + SIM_TEXT_OFFSET + offset + index),
  )
}

/** What memory holds at each write of a plan. */
export function simFound(ram: SimRam, plan: SplicePlan): Uint8Array[] {
  return plan.writes.map((write) => {
    const { start, byteLength } = toMachine(simLocation, rangeOf(write))
    return ram.read(start, byteLength)
  })
}

const unpatchedBytes = Uint8Array.from({ length: IMAGE_BYTES + 2 * MARGIN_BYTES }, (_, index) =>
  simByte(index),
)
unpatchedBytes.set(buildIdBytes, MARGIN_BYTES + BUILD_ID_OFFSET)

function simByte(index: number): number {
  return (Math.imul(index, 0x9e37_79b1) >>> 19) & 0xff
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The simulated build-id is none')
  return value
}
