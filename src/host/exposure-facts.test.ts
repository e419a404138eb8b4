import { describe, expect, it } from 'vitest'
import type { Domain } from '../xen/domains.ts'
import { guestCounts, kernelVersion, pagingOf } from './exposure-facts.ts'

function domain(id: number, type: Domain['type'], changes: Partial<Domain> = {}): Domain {
  const base = { state: 'running', onlineVcpus: 1, maxVcpus: 1, memoryKib: 1 } as const
  return { id, type, ...base, hap: type !== 'pv', xenstore: false, ...changes }
}

const DOM0 = domain(0, 'pv')

describe('guestCounts()', () => {
  it('counts guests by type, and neither Dom0 nor what is being torn down', () => {
    const domains = [DOM0, domain(1, 'pvh'), domain(2, 'pvh'), domain(3, 'hvm', { state: 'dying' })]
    expect(guestCounts(domains, true)).toEqual({ pv: 0, pv32: 0, pvh: 2, hvm: 0 })
  })

  it('does not claim to know the width of PV guests, unless Xen runs no 32-bit ones', () => {
    expect(guestCounts([DOM0, domain(1, 'pv')], true)?.pv32).toBeUndefined()
    expect(guestCounts([DOM0, domain(1, 'pv')], false)?.pv32).toBe(0)
  })

  it('is unknown where domains cannot be listed', () => {
    expect(guestCounts(undefined, false)).toBeUndefined()
  })
})

describe('pagingOf()', () => {
  it('names the modes of PVH and HVM guests, and no others', () => {
    const domains = [DOM0, domain(1, 'pv'), domain(2, 'pvh'), domain(3, 'hvm', { hap: false })]
    expect(pagingOf(domains)).toEqual({ present: ['hap', 'shadow'], absent: 'rest' })
  })
})

describe('kernelVersion()', () => {
  it("takes Debian's real version from the build line", () => {
    const line = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-02)'
    expect(kernelVersion('6.1.0-56-amd64', line)).toBe('6.1.192-2')
  })

  it('takes the release of other kernels', () => {
    expect(kernelVersion('6.12.4', '#1 SMP Mon Dec 9 2024')).toBe('6.12.4')
  })
})
