import { array, assert, property, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wrapText } from './wrap-text.ts'

const WORDS = array(stringMatching(/^[a-z]{1,80}$/), { minLength: 1, maxLength: 60 })

describe('wrapText()', () => {
  it('keeps all words in their order, in lines of at most 100 characters', () => {
    assert(
      property(WORDS, (words) => {
        const lines = wrapText(words.join(' '), { first: '  label  ', rest: 9 })
        expect(lines.every((line) => line.length <= 100)).toBe(true)
        expect(lines.flatMap((line) => line.slice(9).split(' '))).toEqual(words)
        expect(lines.slice(1).every((line) => line.startsWith(' '.repeat(9)))).toBe(true)
      }),
      { seed: 20261122 },
    )
  })

  it('keeps lines that the text breaks itself, and words that are longer than a line', () => {
    const long = 'x'.repeat(120)
    expect(wrapText(`it says:\n${long} y\n  ^~~`, { first: '- ', rest: 2 })).toEqual([
      '- it says:',
      `  ${long} y`,
      '    ^~~',
    ])
    expect(wrapText(long, { first: '- ', rest: 2 })).toEqual([`- ${long}`])
  })
})
