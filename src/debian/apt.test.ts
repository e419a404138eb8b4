import { describe, expect, it } from 'vitest'
import { parseOffers, parsePlan, parseSourceOffers } from './apt.ts'

describe('parsePlan()', () => {
  it('reads names and versions, whatever stands behind them, and sorts by name', () => {
    const output = `\
Reading package lists...
Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64]) []
Inst bash (5.2.15-2+b13 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst libgmp10 [1.0] (2:6.2.1+dfsg1-1.1 Debian:12.15/oldstable [all])
Conf libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])
`
    expect(parsePlan(output)).toEqual([
      { name: 'bash', version: '5.2.15-2+b13' },
      { name: 'libc6', version: '2.36-9+deb12u14' },
      { name: 'libgmp10', version: '2:6.2.1+dfsg1-1.1' },
    ])
  })
})

describe('parseOffers()', () => {
  it('lists each version once, by package', () => {
    const output = `\
 xen-a | 4.17.7+13-1 | http://m.test/security bookworm-security/main amd64 Packages
 xen-a | 4.17.5+72-1 | http://m.test/debian bookworm/main amd64 Packages
 xen-a | 4.17.5+72-1 | http://n.test/debian bookworm/main amd64 Packages
 xen-b | 1 | http://m.test/debian bookworm/main amd64 Packages
`
    expect(parseOffers(output)).toEqual(
      new Map([
        ['xen-a', ['4.17.7+13-1', '4.17.5+72-1']],
        ['xen-b', ['1']],
      ]),
    )
  })

  it('is empty when apt-cache says nothing', () => {
    expect(parseOffers('').size).toBe(0)
  })
})

describe('parseSourceOffers()', () => {
  it('lists the versions of source packages alone', () => {
    const output = `\
 xen | 4.17.7+13-1 | http://m.test/security bookworm-security/main Sources
 xen | 4.17.5+72-1 | http://m.test/debian bookworm/main amd64 Packages
 xen | 4.17.5+71-1 | http://m.test/debian bookworm/main Sources
 xen | 4.17.5+71-1 | http://n.test/debian bookworm/main Sources
`
    expect(parseSourceOffers(output)).toEqual(['4.17.7+13-1', '4.17.5+71-1'])
  })
})
