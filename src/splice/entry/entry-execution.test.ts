/**
 * The planner's bytes, run: compiled functions in a real process, their calls sent elsewhere by
 * each way there is, and looked at from where they arrive.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileObject, linkImage } from '../../../test/testing/compile-c.ts'
import { distance, type VirtualAddress } from '../../address/address.ts'
import type { AddressRange } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import { GENERAL_REGISTERS } from '../../x86/general-register.ts'
import { NEAR_JUMP_BYTES } from '../../x86/jump.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import { depthOf, functionsOf } from './entry-survey.ts'
import type { EntrySwitch, EntryWrite } from './entry-switch.ts'
import { EntrySwitches } from './find-entry-switch.ts'
import { linkEntrySwitch } from './link-entry-switch.ts'

const TESTING = path.join(import.meta.dirname, 'testing')
const SEEDS = [1, 2, 0xfffffff5]
/** Registers that no call gives a meaning to: the new code may find anything in them. */
const MEANINGLESS: readonly string[] = ['rax', 'r10', 'r11']

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-entry-'))
  const source = path.join(TESTING, 'caller.c')
  execFileSync('gcc', ['-O1', '-no-pie', '-fno-stack-protector', '-o', 'caller', source], {
    cwd: folder,
  })
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const VARIANTS: readonly (readonly string[])[] = [
  [],
  ['-O1'],
  ['-Os'],
  ['-fno-omit-frame-pointer'],
  ['-fcf-protection=branch'],
  ['-falign-functions=1'],
]

/** Which free bytes may be taken: all, none, or no five of them in reach of the function's entry. */
const ASKS: readonly ((range: AddressRange<VirtualAddress>, symbol: ImageSymbol) => boolean)[] = [
  () => true,
  () => false,
  ({ start, byteLength }, { address }) =>
    byteLength < NEAR_JUMP_BYTES || Math.abs(distance(address, start)) > 150,
]

const waysSeen = new Set<string>()

describe.each(VARIANTS.map((flags) => ({ flags })))('with $flags', ({ flags }) => {
  it('new code begins as if it had been called, and the old one is the old one afterwards', () => {
    const image = victims(flags)
    const sweeps = new FunctionSweeps(image)
    const switches = new EntrySwitches(sweeps)
    const probe = addressOf(image, 'probe')
    const commands = loadImage(image)
    const expected: string[] = []
    const asked = functionsOf(sweeps).flatMap((symbol) =>
      ASKS.map((isFree) => switches.find(symbol, { isFree: (range) => isFree(range, symbol) })),
    )
    for (const entry of asked) {
      const symbol = entry.function
      if (entry.kind === 'cannot' || symbol.name === 'probe' || symbol.name === 'outside') continue
      waysSeen.add(`${depthOf(sweeps, entry)} ${entry.way}`)
      const writes = linked(entry, image, probe)
      const call = SEEDS.map((seed) => `call ${offset(image, symbol.address)} ${hex(seed)}`)
      commands.push(...call, ...writes.map((write) => putting(image, write.at, write.after)))
      const noted = `noted ${offset(image, addressOf(image, 'noted'))}`
      commands.push(...call.flatMap((one) => [one, noted]))
      const undo = writes.toReversed().map((write) => putting(image, write.at, write.before))
      commands.push(...undo, ...call)
      expected.push(symbol.name)
    }
    const printed = run(commands)
    for (const name of expected) {
      const before = printed.splice(0, SEEDS.length)
      const spliced = printed.splice(0, 2 * SEEDS.length)
      const after = printed.splice(0, SEEDS.length)
      for (const [index, line] of spliced.entries()) {
        const isReturned = index % 2 === 0
        const found = isReturned ? line : differences(line)
        expect(`${name}: ${found}`).toBe(isReturned ? `${name}: 600d` : `${name}: `)
      }
      expect([name, ...after]).toEqual([name, ...before])
      expect(before.join()).not.toMatch(/600d|not kept/)
    }
    expect(printed).toEqual([])
    expect(expected.length).toBeGreaterThanOrEqual(30)
  })
})

describe('the functions that were run', () => {
  it('were sent elsewhere by every way, at the entry and further in', () => {
    // Which functions come to which way is the compiler's choice; some come to each of these.
    const ways = [
      'entry near-jump',
      'entry relay',
      'entry relay-chain',
      'further-in near-jump',
      'further-in-undone near-jump',
      'further-in-undone relay',
      'further-in-undone relay-chain',
    ]
    expect([...waysSeen]).toEqual(expect.arrayContaining(ways))
  })
})

function victims(flags: readonly string[]): Image {
  const source = readFileSync(path.join(TESTING, 'victims.c'), 'utf8')
  return linkImage([compileObject('victims.c', source, flags)])
}

/** The writes that send the function's calls to the probe, with the stub in the room for stubs. */
function linked(entry: EntrySwitch, image: Image, probe: VirtualAddress): readonly EntryWrite[] {
  const at = addressOf(image, 'stub_room')
  const before = image.bytesAt({ start: at, byteLength: entry.stubByteLength }) ?? new Uint8Array()
  const result = linkEntrySwitch(
    entry,
    probe,
    entry.stubByteLength > 0 ? { at, before, place: 'the room for stubs' } : undefined,
  )
  if (result.kind !== 'linked') throw new Error('The probe is out of reach')
  return result.writes
}

function loadImage(image: Image): string[] {
  const sections = image.sections.filter(({ bytes }) => bytes !== undefined)
  return [
    `image ${hex(image.byteLength + 0x1000)}`,
    ...sections.map(({ start, bytes }) => putting(image, start, bytes ?? new Uint8Array())),
  ]
}

function putting(image: Image, at: VirtualAddress, bytes: Uint8Array): string {
  return `write ${offset(image, at)} ${Buffer.from(bytes).toString('hex')}`
}

function offset(image: Image, address: VirtualAddress): string {
  return hex(distance(image.start, address))
}

function hex(value: number): string {
  return value.toString(16)
}

function addressOf(image: Image, name: string): VirtualAddress {
  const found = image.find(name)
  if (found.kind !== 'found') throw new Error(`The image has no ${name}`)
  return found.symbol.address
}

function run(commands: readonly string[]): string[] {
  const printed = execFileSync(path.join(folder, 'caller'), {
    input: `${commands.join('\n')}\n`,
    encoding: 'utf8',
  })
  return printed.trimEnd().split('\n')
}

/** The registers, and the return address, in which the new code's beginning differs from a call. */
function differences(line: string): string {
  const names = [...GENERAL_REGISTERS, 'return address']
  return line
    .trim()
    .split(' ')
    .flatMap((difference, index) => {
      const name = names[index] ?? 'one too many'
      return difference === '0' || MEANINGLESS.includes(name) ? [] : [`${name} by ${difference}`]
    })
    .join(', ')
}
