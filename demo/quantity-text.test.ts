import { describe, expect, it } from 'vitest'
import { bytesText, counted, millisecondsText, secondsText, wholeText } from './quantity-text.ts'

describe('quantities as text', () => {
  it.each([
    [wholeText(0), '0'],
    [wholeText(-0.4), '0'],
    [wholeText(999), '999'],
    [wholeText(1_234_567), '1,234,567'],
    [wholeText(-12_345), '-12,345'],
    [wholeText(1e300), '1.000e+300'],
    [bytesText(1), '1 byte'],
    [bytesText(65_536), '65,536 bytes'],
    [counted(2, 'beat'), '2 beats'],
    [millisecondsText(0), '0 ms'],
    [millisecondsText(4.25), '4.3 ms'],
    [millisecondsText(9.96), '10 ms'],
    [millisecondsText(1234.5), '1,235 ms'],
    [secondsText(7), '7.0 s'],
    [secondsText(99.96), '100 s'],
  ])('reads %s', (text, wanted) => {
    expect(text).toBe(wanted)
  })

  it('never writes a number that was not measured as 0', () => {
    for (const quantity of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const write of [wholeText, bytesText, millisecondsText, secondsText]) {
        expect(write(quantity)).toBe('not measured')
      }
    }
  })
})
