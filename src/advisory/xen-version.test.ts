import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareXenVersions, parseXenVersion, type XenVersion } from './xen-version.ts'

function version(text: string): XenVersion {
  const parsed = parseXenVersion(text)
  if (parsed === undefined) throw new Error(`${text} is no version`)
  return parsed
}

function order(a: string, b: string): number | undefined {
  return compareXenVersions(version(a), version(b))
}

describe('parseXenVersion()', () => {
  it.each([
    ['4.17.5', '4.17'],
    ['4.17.7+13-g2445b30a44-0+deb12u1', '4.17'],
    ['4.18-unstable', '4.18'],
    ['v6.1.0-41-amd64', '6.1'],
  ])('finds the branch of %s: %s', (text, branch) => {
    expect(version(text).branch).toBe(branch)
  })

  it.each(['', 'unknown', '4', 'xen-4.17', '4.'])('finds no version in %j', (text) => {
    expect(parseXenVersion(text)).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseXenVersion(text)).not.toThrow()
      }),
      { seed: 7 },
    )
  })
})

describe('compareXenVersions()', () => {
  const ascending = [
    '3.4.4',
    '4.4.0',
    '4.17-rc1',
    '4.17.0-rc3',
    '4.17.0',
    '4.17.5',
    '4.17.5+72-g01140da4e8-1',
    '4.17.5+80',
    '4.17.6-rc1',
    '4.17.6',
    '4.17.10',
    '4.20.0',
  ]

  it('orders releases, candidates and the commits after a release', () => {
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect(Math.sign(order(a, b) ?? NaN), `${a} and ${b}`).toBe(Math.sign(i - j))
      }
    }
  })

  it('takes a missing patch number as nought, and does not order what a vendor appends', () => {
    expect(order('4.17', '4.17.0')).toBe(0)
    expect(order('4.17.5+72-g01140da4e8-1', '4.17.5+72')).toBe(0)
    expect(order('4.13.5-9.40.2.xcpng8.2', '4.13.5')).toBe(0)
  })

  it('leaves open where in the development of a release a -pre build lies', () => {
    expect(order('4.17.6-pre', '4.17.5')).toBe(1)
    expect(order('4.17.6-pre', '4.17.5+80')).toBeUndefined()
    expect(order('4.17.5+80', '4.17.6-pre')).toBeUndefined()
    expect(order('4.17.6-pre', '4.17.6-pre')).toBeUndefined()
    expect(order('4.17.6-pre', '4.17.6-rc1')).toBe(-1)
    expect(order('4.17.6', '4.17.6-pre')).toBe(1)
  })

  it('leaves open whether an -unstable build comes after the release before it', () => {
    expect(order('4.18-unstable', '4.17.3')).toBeUndefined()
    expect(order('4.18-unstable', '4.16.9')).toBe(1)
    expect(order('4.18-unstable', '4.18.0-rc1')).toBe(-1)
  })
})
