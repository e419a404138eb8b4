import { describe, expect, it } from 'vitest'
import { debianMakeVariables } from './debian-make-variables.ts'
import { parseDebianPackaging } from './debian-packaging.ts'

const CHANGELOG = `xen (4.17.5+72-g01140da4e8-1) bookworm; urgency=medium

  * New upstream version.

 -- A Maintainer <someone@example.org>  Sat, 05 Nov 2025 14:52:25 +0100

xen (4.17.5-1) bookworm; urgency=medium
`
const CONTROL = 'Source: xen\nMaintainer: A Team <team@example.org>\nSection: kernel\n'

describe('parseDebianPackaging()', () => {
  it('reads the newest version, its date and who maintains it', () => {
    expect(parseDebianPackaging(CHANGELOG, CONTROL)).toEqual({
      version: '4.17.5+72-g01140da4e8-1',
      maintainer: 'A Team <team@example.org>',
      timestamp: Date.UTC(2025, 10, 5, 13, 52, 25) / 1000,
    })
  })

  it('reads nothing where something is missing', () => {
    expect(parseDebianPackaging('', CONTROL)).toBeUndefined()
    expect(parseDebianPackaging(CHANGELOG, '')).toBeUndefined()
    expect(parseDebianPackaging(CHANGELOG.replace(' -- ', ' '), CONTROL)).toBeUndefined()
  })
})

describe('debianMakeVariables()', () => {
  it("gives the date as Debian's rules do, with a padded day", () => {
    const packaging = parseDebianPackaging(CHANGELOG, CONTROL)
    if (packaging === undefined) throw new Error('The packaging does not parse')
    const { make, environment } = debianMakeVariables(packaging)
    expect(make['XEN_BUILD_DATE']).toBe('Wed Nov  5 13:52:25 UTC 2025')
    expect(make['XEN_BUILD_TIME']).toBe('13:52:25')
    expect(environment['DEB_VERSION']).toBe('4.17.5+72-g01140da4e8-1')
  })
})
