import { describe, expect, it } from 'vitest'
import { copyBytes } from './copy-bytes.ts'

describe('copyBytes()', () => {
  it('shares no memory with a Buffer, as slice() would', () => {
    const original = Buffer.from([1, 2, 3, 4])
    const copy = copyBytes(original, 1, 3)
    copy[0] = 9
    expect([...copy]).toEqual([9, 3])
    expect([...original]).toEqual([1, 2, 3, 4])
  })
})
