/**
 * The proof that an engine copies what it is told, and nothing else.
 *
 * One abnormal transfer can take a machine down, so an engine is tried on frames of its own before
 * it may touch the hypervisor. Only an engine that passes becomes a `ProvenEngine`.
 *
 * @module
 */

import { advance, FRAME_BYTES, frameStart, hex, type MachineAddress } from '../address/address.ts'
import type { DmaEngine, EngineLimits, OwnFrame } from './dma-engine.ts'
import { engineTrials, type EngineTrial, longestTrialBytes } from './engine-trial.ts'
import { describeTransferFailure } from './describe-transfer-failure.ts'
import type { ReadOutcome, TransferFailure, WriteOutcome } from './physical-memory.ts'
import { inverted, patternBytes } from './test-pattern.ts'

export type EngineProof =
  | { readonly kind: 'proven'; readonly engine: ProvenEngine }
  | { readonly kind: 'failed'; readonly failure: EngineFailure }

/** Why an engine is not to be pointed at the hypervisor. */
export type EngineFailure =
  /** A switch needs 8 bytes in one transfer; a sector engine, one sector. */
  | { readonly kind: 'limit-too-small'; readonly found: number; readonly wanted: number }
  | { readonly kind: 'too-few-frames'; readonly found: number; readonly wanted: number }
  | ({ readonly kind: 'transfer-failed'; readonly outcome: TransferFailure } & Tried)
  | ({ readonly kind: 'short-read'; readonly found: number } & Tried)
  | (WrongByte & Tried)

interface Tried {
  readonly trial: EngineTrial
  readonly direction: 'write' | 'read'
}

/**
 * The first byte that is not as it must be: in what was moved, or beside it. `after` a read it is
 * a byte of the answer; where the processor sees memory changed, `seenBy` says so.
 */
interface WrongByte {
  readonly kind: 'wrong-byte'
  readonly at: MachineAddress
  readonly where: 'inside' | 'beside'
  readonly seenBy: 'processor' | 'device'
  readonly wanted: number
  readonly found: number
}

/**
 * An engine that has passed every trial in this process.
 *
 * Its limit is the longest transfer that was tried, which may be less than what the device allows.
 * Made by `proveEngine` alone: the class is not exported.
 */
export type ProvenEngine = Proven

class Proven {
  readonly #engine: DmaEngine
  readonly limits: EngineLimits

  constructor(engine: DmaEngine, limits: EngineLimits) {
    this.#engine = engine
    this.limits = limits
  }

  get name(): string {
    return this.#engine.name
  }

  /** See `DmaEngine.bytesMoved`; the trials count. */
  get bytesMoved(): number {
    return this.#engine.bytesMoved
  }

  copyFrom(address: MachineAddress, byteLength: number): Promise<ReadOutcome> {
    return this.#engine.copyFrom(address, byteLength)
  }

  copyTo(address: MachineAddress, bytes: Uint8Array): Promise<WriteOutcome> {
    return this.#engine.copyTo(address, bytes)
  }

  release(): Promise<void> {
    return this.#engine.release()
  }
}

const FEWEST_FRAMES = 2
const SWITCH_BYTES = 8

/**
 * Tries the engine on its own frames, and stops at the first thing that is wrong.
 *
 * The processor's view of the frames is the witness: after every transfer all bytes of all frames
 * are compared. The frames hold afterwards what they held before.
 *
 * @throws whatever the engine throws when it is lost
 */
export async function proveEngine(engine: DmaEngine): Promise<EngineProof> {
  const { ownFrames, limits } = engine
  const whole = ownFrames.filter((own) => own.bytes.length === FRAME_BYTES)
  if (whole.length < FEWEST_FRAMES) {
    return failed({ kind: 'too-few-frames', found: whole.length, wanted: FEWEST_FRAMES })
  }
  const longest = longestTrialBytes(limits)
  const wanted = Math.max(SWITCH_BYTES, limits.writeGranuleBytes)
  if (!(longest >= wanted)) {
    return failed({ kind: 'limit-too-small', found: limits.maxTransferBytes, wanted })
  }
  const kept = whole.map((own) => own.bytes.slice())
  try {
    for (const trial of engineTrials(limits)) {
      const failure = await tryOut(engine, whole, trial)
      if (failure !== undefined) return failed(failure)
    }
  } finally {
    for (const [index, own] of whole.entries()) own.bytes.set(kept[index] ?? [])
  }
  const { writeGranuleBytes } = limits
  const proven = new Proven(engine, { maxTransferBytes: longest, writeGranuleBytes })
  return { kind: 'proven', engine: proven }
}

async function tryOut(
  engine: DmaEngine,
  frames: readonly OwnFrame[],
  trial: EngineTrial,
): Promise<EngineFailure | undefined> {
  const own = frames[trial.frame]
  if (own === undefined) throw new RangeError(`No frame ${trial.frame} to try the engine on`)
  const target = advance(frameStart(own.frame), trial.offset)
  const written = patternBytes(trial.pattern, target, trial.byteLength)

  // Around the target lies the pattern's inverse, so a byte too many changes what it hits.
  const expected = frames.map((each) =>
    inverted(patternBytes(trial.pattern, frameStart(each.frame), FRAME_BYTES)),
  )
  fill(frames, expected)
  const wrote = await engine.copyTo(target, written.slice())
  if (wrote.kind !== 'accepted') {
    return { kind: 'transfer-failed', outcome: wrote, trial, direction: 'write' }
  }
  expected[trial.frame]?.set(written, trial.offset)
  const wrongAfterWrite = compareFrames(frames, expected, trial)
  if (wrongAfterWrite !== undefined) return { ...wrongAfterWrite, trial, direction: 'write' }

  if (trial.echo === 'inverted') {
    for (const [index, bytes] of expected.entries()) expected[index] = inverted(bytes)
    fill(frames, expected)
  }
  const from = advance(frameStart(own.frame), trial.read.offset)
  const read = await engine.copyFrom(from, trial.read.byteLength)
  if (read.kind !== 'complete') {
    return { kind: 'transfer-failed', outcome: read, trial, direction: 'read' }
  }
  if (read.bytes.length !== trial.read.byteLength) {
    return { kind: 'short-read', found: read.bytes.length, trial, direction: 'read' }
  }
  const window = { offset: trial.read.offset, bytes: read.bytes }
  const wrongInAnswer = compareWindow(own, expected[trial.frame], window, trial)
  const wrong = wrongInAnswer ?? compareFrames(frames, expected, trial)
  return wrong === undefined ? undefined : { ...wrong, trial, direction: 'read' }
}

function fill(frames: readonly OwnFrame[], contents: readonly Uint8Array[]): void {
  for (const [index, own] of frames.entries()) own.bytes.set(contents[index] ?? [])
}

function compareFrames(
  frames: readonly OwnFrame[],
  expected: readonly Uint8Array[],
  trial: EngineTrial,
): WrongByte | undefined {
  for (const [index, own] of frames.entries()) {
    // One bulk copy: a view of device-visible memory may change while it is looked at.
    const window = { offset: 0, bytes: own.bytes.slice() }
    const wrong = compareWindow(own, expected[index], window, trial, index)
    if (wrong !== undefined) return { ...wrong, seenBy: 'processor' }
  }
  return undefined
}

function compareWindow(
  own: OwnFrame,
  expected: Uint8Array | undefined,
  window: { readonly offset: number; readonly bytes: Uint8Array },
  trial: EngineTrial,
  frame: number = trial.frame,
): WrongByte | undefined {
  for (const [index, found] of window.bytes.entries()) {
    const offset = window.offset + index
    const wanted = expected?.[offset] ?? 0
    if (found === wanted) continue
    const inside =
      frame === trial.frame && offset >= trial.offset && offset < trial.offset + trial.byteLength
    return {
      kind: 'wrong-byte',
      at: advance(frameStart(own.frame), offset),
      where: inside ? 'inside' : 'beside',
      seenBy: 'device',
      wanted,
      found,
    }
  }
  return undefined
}

/** One sentence for people: what was tried, what was wanted, what was found. */
export function describeEngineFailure(failure: EngineFailure): string {
  switch (failure.kind) {
    case 'limit-too-small':
      return `The engine moves at most ${failure.found} bytes at once; ${failure.wanted} are needed`
    case 'too-few-frames':
      return `The engine offers ${failure.found} frames to try it on; ${failure.wanted} are needed`
    case 'transfer-failed':
      return `${describeTrial(failure)} failed: ${describeTransferFailure(failure.outcome)}`
    case 'short-read':
      return `${describeTrial(failure)} brought ${failure.found} bytes`
    case 'wrong-byte': {
      const side = failure.where === 'inside' ? 'in' : 'beside'
      const seer = failure.seenBy === 'device' ? 'the answer shows' : 'memory shows'
      return (
        `${describeTrial(failure)} went wrong: ${side} the tried range, at ${hex(failure.at)}, ` +
        `${seer} ${hex(failure.found)} where ${hex(failure.wanted)} must be`
      )
    }
  }
}

function describeTrial({ trial, direction }: Tried): string {
  const { offset, byteLength } = direction === 'write' ? trial : trial.read
  return (
    `The trial ${direction} of ${byteLength} bytes (${trial.pattern}) ` +
    `at offset ${hex(offset)} of own frame ${trial.frame}`
  )
}

function failed(failure: EngineFailure): EngineProof {
  return { kind: 'failed', failure }
}
