import { describe, expect, it } from 'vitest'
import { advance, virtualAddress } from '../../address/address.ts'
import { LiveSnapshot } from '../live-snapshot.ts'
import { Room, type RoomRun } from './room.ts'

const START = virtualAddress(0x1004n)

function roomOf(before: readonly number[], live: readonly number[] = before): Room {
  const range = { start: START, byteLength: before.length }
  const run: RoomRun = {
    ...range,
    before: Uint8Array.from(before),
    why: 'It is a test.',
    placeAt: String,
  }
  return new Room([run], new LiveSnapshot([{ range, bytes: Uint8Array.from(live) }]))
}

const ZEROS = Array<number>(76).fill(0)

describe('Room', () => {
  it('is given out in whole aligned units, the lowest first', () => {
    const room = roomOf(ZEROS)
    expect(room.longestFree).toBe(64)
    const need = { byteLength: 3, alignment: 1 }
    const taken = [1, 2, 3, 4, 5].map(() => room.take(need))
    expect(taken).toEqual([0x1010n, 0x1020n, 0x1030n, 0x1040n, undefined])
  })

  it('keeps to larger alignments', () => {
    expect(roomOf(ZEROS).take({ byteLength: 16, alignment: 64 })).toBe(0x1040n)
  })

  it('takes no unit in which any byte is in use, however many look free', () => {
    const live = ZEROS.with(12, 1).with(30, 1)
    expect(roomOf(ZEROS, live).take({ byteLength: 1, alignment: 1 })).toBe(0x1030n)
  })

  it('gives a place once, and only its own', () => {
    const room = roomOf(ZEROS)
    const range = { start: advance(START, 12), byteLength: 20 }
    expect(room.takeAt(range)).toBe(true)
    expect(room.takeAt(range)).toBe(false)
    expect(room.takeAt({ start: START, byteLength: 77 })).toBe(false)
    expect(room.take({ byteLength: 1, alignment: 1 })).toBe(0x1030n)
  })
})
