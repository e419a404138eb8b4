import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { isRepeatedString } from './repeated-string.ts'

describe('isRepeatedString()', () => {
  it.each(['f3 aa', 'f3 48 ab', 'f3 a4', 'f2 ae', '66 f3 a7', 'f3 6c'])('knows %s', (hex) => {
    expect(isRepeatedString(hexBytes(hex))).toBe(true)
  })

  it.each(['aa', 'f3 0f 1e fa', 'f3 90', 'f3 c3', '48 89 fb', 'f3'])(
    'is not taken in by %s',
    (hex) => {
      expect(isRepeatedString(hexBytes(hex))).toBe(false)
    },
  )
})
