/**
 * The conformance suite of DMA engines, run in Dom0 on real devices: `engine-conformance KIND`.
 *
 * Every engine passes the same claims, on frames of its own only. Prints them as JSON:
 * `[{ claim, held, found }]`.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { FRAME_BYTES, frameStart, type MachineAddress } from '../../src/address/address.ts'
import {
  type EngineKind,
  ENGINE_KINDS,
  listEngines,
  openEngine,
  recoverDevices,
} from '../../src/device/engines.ts'
import { PciFunction } from '../../src/device/pci-function.ts'
import { HOST_FOLDERS } from '../../src/host/folders.ts'
import type { DmaEngine, OwnFrame } from '../../src/memory/dma-engine.ts'
import { GuardedMemory } from '../../src/memory/guarded-memory.ts'
import { proveEngine } from '../../src/memory/prove-engine.ts'
import { issueWriteGrant } from '../../src/memory/write-grant.ts'
import { Hypervisor } from '../../src/xen/hypervisor.ts'

interface Claim {
  readonly claim: string
  readonly held: boolean
  readonly found: string
}

/** Places in a frame: at its start, within a sector, across two of them, and at the frame's end. */
const OFFSETS = [0, 3, 509, FRAME_BYTES - 8]

const claims: Claim[] = []
function check(claim: string, held: boolean, found: unknown = ''): void {
  claims.push({ claim, held, found: JSON.stringify(found, bigintAsText) ?? '' })
}
function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value
}

const kind = ENGINE_KINDS.find((each) => each === process.argv[2])
if (kind === undefined) throw new Error(`Give one of ${ENGINE_KINDS.join(', ')}`)
const opened = Hypervisor.open()
if (opened.kind === 'refused') throw new Error(opened.refusal.kind)
const { hypervisor } = opened
await recoverDevices(hypervisor, HOST_FOLDERS)
const candidate = listEngines().find((each) => each.usable && kind.startsWith(each.kind))
if (candidate === undefined) throw new Error(`No usable ${kind}`)
const driverBefore = candidate.driver

const engine = await open(kind, candidate.address)
try {
  for (const own of engine.ownFrames) own.bytes.fill(0x5a)
  const proof = await proveEngine(engine)
  check('an engine proves itself on its own frames', proof.kind === 'proven', proof)
  check(
    'the proof leaves the frames as they were',
    holds(
      engine,
      engine.ownFrames.map(() => new Uint8Array(FRAME_BYTES).fill(0x5a)),
    ),
  )
  await lengthsAndOffsets(engine)
  await limits(engine)
  if (proof.kind === 'proven') await guards(engine, proof.engine)
} finally {
  await engine.release()
}
await engine.release()
check('release() may be called twice', true)
const own = frameStart(ownFrame(engine, 0).frame)
const closed = [await engine.copyFrom(own, 8), await engine.copyTo(own, new Uint8Array(8))]
check(
  'a released engine issues nothing',
  closed.every((outcome) => outcome.kind === 'not-issued' && outcome.reason.kind === 'closed'),
  closed,
)
const driverAfter = new PciFunction(candidate.address).driver
check('release() gives the device back to its driver', driverAfter === driverBefore, driverAfter)
if (driverAfter === undefined) {
  // PCI Local Bus Specification 3.0, 6.2.2: bit 2 of the command register, at offset 4.
  const config = readFileSync(`/sys/bus/pci/devices/${candidate.address}/config`)
  const command = config.readUInt16LE(4)
  check('release() lets the device start no further transfer', (command & 4) === 0, command)
}
check(
  'release() leaves no record of a device that is taken',
  !existsSync(`${HOST_FOLDERS.run}/device-${candidate.address}.json`),
)
process.stdout.write(`${JSON.stringify(claims)}\n`)

function open(as: EngineKind, address: string): Promise<DmaEngine> {
  return openEngine(hypervisor, { kind: as, address, folders: HOST_FOLDERS })
}

function ownFrame(of: DmaEngine, index: number): OwnFrame {
  const own = of.ownFrames[index]
  if (own === undefined) throw new Error(`The engine has no frame ${index}`)
  return own
}

/** Writes of every length a switch or a relay has, at every place that may matter. */
async function lengthsAndOffsets(of: DmaEngine): Promise<void> {
  const start = frameStart(ownFrame(of, 0).frame)
  // Each transfer of edu takes 100 ms: a few lengths at the places that matter.
  for (const byteLength of [1, 2, 5, 8]) {
    for (const offset of OFFSETS) {
      const at = (start + BigInt(offset)) as MachineAddress
      for (const own of of.ownFrames) own.bytes.fill(0xee)
      const bytes = Uint8Array.from({ length: byteLength }, (_, index) => index + 1)
      const moved = of.bytesMoved
      const wrote = await of.copyTo(at, bytes)
      const expected = of.ownFrames.map(() => new Uint8Array(FRAME_BYTES).fill(0xee))
      expected[0]?.set(bytes, offset)
      check(
        `copyTo() of ${byteLength} bytes at ${offset} changes these bytes and no others`,
        wrote.kind === 'accepted' && holds(of, expected),
        wrote,
      )
      check(
        `copyTo() of ${byteLength} bytes at ${offset} counts them`,
        of.bytesMoved >= moved + byteLength,
        of.bytesMoved - moved,
      )
      const read = await of.copyFrom(at, byteLength)
      check(
        `copyFrom() of ${byteLength} bytes at ${offset} reads them back`,
        read.kind === 'complete' && Buffer.compare(read.bytes, bytes) === 0,
        read,
      )
      check(`copyFrom() of ${byteLength} bytes at ${offset} changes nothing`, holds(of, expected))
    }
  }
}

/** Whether the processor sees exactly these bytes in the engine's frames. */
function holds(of: DmaEngine, expected: readonly Uint8Array[]): boolean {
  return of.ownFrames.every(
    (own, index) => Buffer.compare(own.bytes.slice(), expected[index] ?? new Uint8Array(0)) === 0,
  )
}

async function limits(of: DmaEngine): Promise<void> {
  const start = frameStart(ownFrame(of, 0).frame)
  const { maxTransferBytes } = of.limits
  for (const own of of.ownFrames) own.bytes.fill(0xdd)
  const untouched = of.ownFrames.map(() => new Uint8Array(FRAME_BYTES).fill(0xdd))
  const moved = of.bytesMoved
  const over = [
    await of.copyFrom(start, maxTransferBytes + 1),
    await of.copyTo(start, new Uint8Array(maxTransferBytes + 1)),
  ]
  check(
    'a transfer over the limit is not issued',
    over.every(({ kind }) => kind === 'not-issued') && of.bytesMoved === moved,
    over,
  )
  check('a transfer over the limit changes nothing', holds(of, untouched))
  const whole = await of.copyFrom(start, maxTransferBytes)
  check('a transfer of the limit completes', whole.kind === 'complete', whole.kind)
}

/** The guard over a real engine, with own frames in the hypervisor's place. */
async function guards(of: DmaEngine, proven: Parameters<typeof guard>[0]): Promise<void> {
  const start = frameStart(ownFrame(of, 0).frame)
  const memory = guard(proven, start)
  const inside = { start, byteLength: 64 }
  const grant = issueWriteGrant([inside], { start, byteLength: FRAME_BYTES })
  const beyond = await memory.write(grant, (start + 60n) as MachineAddress, new Uint8Array(8))
  check(
    'a write that leaves its grant is not issued',
    beyond.kind === 'not-issued' && beyond.reason.kind === 'outside-granted-ranges',
    beyond,
  )
  if (of.limits.writeGranuleBytes > 1) {
    // The text that the grant tells ends in the middle of a sector.
    const short = issueWriteGrant([inside], { start, byteLength: 64 })
    const spill = await memory.write(short, start, new Uint8Array(8))
    check(
      'a write whose sector leaves the text is not issued',
      spill.kind === 'not-issued' && spill.reason.kind === 'sector-leaves-text',
      spill,
    )
  }
  const unreadable = await memory.read([{ start: before(start), byteLength: 16 }])
  check(
    'a read that leaves the readable range is not issued',
    unreadable[0]?.kind === 'not-issued' && unreadable[0].reason.kind === 'outside-granted-ranges',
    unreadable,
  )
  const both = await Promise.all([memory.read([inside]), memory.read([inside])])
  check(
    'none of two transfers starts while the other runs',
    both[0]?.[0]?.kind === 'complete' && both[1]?.[0]?.kind === 'not-issued',
    both.map((outcomes) => outcomes[0]?.kind),
  )
  await memory.close()
  const late = await memory.read([inside])
  check(
    'a closed memory issues nothing',
    late[0]?.kind === 'not-issued' && late[0].reason.kind === 'closed',
    late,
  )
}

function before(address: MachineAddress): MachineAddress {
  return (address - 8n) as MachineAddress
}

function guard(
  proven: ConstructorParameters<typeof GuardedMemory>[0],
  start: MachineAddress,
): GuardedMemory {
  return new GuardedMemory(proven, [{ start, byteLength: FRAME_BYTES }])
}
