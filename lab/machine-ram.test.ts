import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { machineAddress } from '../src/address/address.ts'
import { ramOffset, readRamFile } from './machine-ram.ts'

const GIB = 1024 ** 3
const directory = mkdtempSync(path.join(os.tmpdir(), 'machine-ram-'))
afterAll(() => rmSync(directory, { recursive: true }))

function at(gibibytes: number, bytes = 0) {
  return machineAddress(BigInt(gibibytes * GIB + bytes))
}

describe('ramOffset()', () => {
  it('is the address itself where all RAM lies below the hole', () => {
    const layout = { chipset: 'pc', ramBytes: 3 * GIB } as const
    expect(ramOffset(layout, at(0))).toBe(0)
    expect(ramOffset(layout, at(3, -1))).toBe(3 * GIB - 1)
    expect(ramOffset(layout, at(3))).toBeUndefined()
    expect(ramOffset(layout, at(4))).toBeUndefined()
  })

  it.each([
    ['pc', 3],
    ['q35', 2],
  ] as const)('goes on at 4 GiB behind the hole of %s', (chipset, below) => {
    const layout = { chipset, ramBytes: 4 * GIB }
    expect(ramOffset(layout, at(below, -1))).toBe(below * GIB - 1)
    expect(ramOffset(layout, at(below))).toBeUndefined()
    expect(ramOffset(layout, at(4))).toBe(below * GIB)
    expect(ramOffset(layout, at(4 + 4 - below, -1))).toBe(4 * GIB - 1)
    expect(ramOffset(layout, at(4 + 4 - below))).toBeUndefined()
  })
})

describe('readRamFile()', () => {
  const file = path.join(directory, 'ram')
  const layout = { chipset: 'pc', ramBytes: 64 } as const
  writeFileSync(
    file,
    Uint8Array.from({ length: 64 }, (_, index) => index),
  )

  it('reads the bytes at the address', () => {
    expect([...readRamFile(file, layout, machineAddress(60n), 4)]).toEqual([60, 61, 62, 63])
  })

  it('reads nothing where nothing is asked for', () => {
    expect(readRamFile(file, layout, machineAddress(0n), 0)).toHaveLength(0)
  })

  it('refuses a range that is not all RAM', () => {
    expect(() => readRamFile(file, layout, machineAddress(61n), 4)).toThrow(RangeError)
  })

  it('refuses a file that is shorter than the RAM it should hold', () => {
    const longer = { chipset: 'pc', ramBytes: 128 } as const
    expect(() => readRamFile(file, longer, machineAddress(60n), 8)).toThrow('shorter')
  })
})
