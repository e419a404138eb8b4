import { describe, expect, it } from 'vitest'
import type { FactTest, Truth } from './condition.ts'
import { describeTest, judge, readSubject } from './fact-test.ts'
import type { HostFacts } from './host-facts.ts'

const seen = { seenAt: '2026-11-21T12:00:00.000Z', seenBy: 'a test' }
const source = 'a sentence'

function truth(test: FactTest, facts: Omit<HostFacts, 'seenAt' | 'seenBy'>): Truth {
  return judge(test, readSubject(test, { ...seen, ...facts }))
}

describe('judge()', () => {
  const everyTest: readonly FactTest[] = [
    { fact: 'toolstack', test: 'equals', value: 'xl', source },
    { fact: 'cpuVendor', test: 'one-of', values: ['amd'], source },
    { fact: 'xenVersion', test: 'before', value: '4.18', source },
    { fact: 'xenVersion', test: 'at-least', value: '4.18', source },
    { fact: 'xenVersion', test: 'between', from: '4.1', until: '4.18', source },
    { fact: 'guestTypes', test: 'has', value: 'hvm', source },
    { fact: 'cpuFeatures', test: 'lacks', value: 'ept', source },
    { fact: 'commandLine', test: 'lacks', value: 'hap=0', source },
    { fact: 'config', test: 'is', option: 'CONFIG_PV32', value: 'n', source },
  ]

  it.each(everyTest.map((test) => [describeTest(test), test] as const))(
    'leaves "%s" unknown where nothing is known',
    (_, test) => {
      expect(truth(test, {})).toBe('unknown')
    },
  )

  it('compares a boolean fact with a boolean', () => {
    const test: FactTest = { fact: 'pciPassthrough', test: 'equals', value: true, source }
    expect(truth(test, { pciPassthrough: true })).toBe('true')
    expect(truth(test, { pciPassthrough: false })).toBe('false')
  })

  it('leaves a version that is none unknown', () => {
    const test: FactTest = { fact: 'xenVersion', test: 'before', value: '4.18', source }
    expect(truth(test, { xenVersion: 'custom build' })).toBe('unknown')
  })

  it('has `between` hold its lower end and not its upper one', () => {
    const test: FactTest = {
      fact: 'xenVersion',
      test: 'between',
      from: '4.1',
      until: '4.5',
      source,
    }
    expect(truth(test, { xenVersion: '4.1.0' })).toBe('true')
    expect(truth(test, { xenVersion: '4.4.9' })).toBe('true')
    expect(truth(test, { xenVersion: '4.5.0' })).toBe('false')
    expect(truth(test, { xenVersion: '4.0.4' })).toBe('false')
    expect(truth(test, { xenVersion: '4.5-unstable' })).toBe('true')
    expect(truth(test, { xenVersion: '4.6-unstable' })).toBe('unknown')
  })
})

describe('readSubject()', () => {
  it('takes an option that a whole configuration leaves out as n, and of a part as unknown', () => {
    const test: FactTest = { fact: 'config', test: 'is', option: 'CONFIG_PV32', value: 'n', source }
    expect(truth(test, { config: { options: {}, whole: true } })).toBe('true')
    expect(truth(test, { config: { options: {}, whole: false } })).toBe('unknown')
    expect(truth(test, { config: { options: { CONFIG_PV32: 'y' }, whole: false } })).toBe('false')
  })

  it('knows of a set in part only what it lists', () => {
    const test: FactTest = { fact: 'features', test: 'lacks', value: 'viridian', source }
    expect(truth(test, { features: { present: [], absent: [] } })).toBe('unknown')
    expect(truth(test, { features: { present: [], absent: ['viridian'] } })).toBe('true')
    expect(truth(test, { features: { present: [], absent: 'rest' } })).toBe('true')
    expect(truth(test, { features: { present: ['viridian'], absent: 'rest' } })).toBe('false')
  })

  it('settles PV by its 32-bit guests, and they by there being no PV', () => {
    const pv: FactTest = { fact: 'guestTypes', test: 'has', value: 'pv', source }
    const pv32: FactTest = { fact: 'guestTypes', test: 'has', value: 'pv32', source }
    expect(truth(pv, { guestTypes: { pv32: 2 } })).toBe('true')
    expect(truth(pv, { guestTypes: { pv32: 0 } })).toBe('unknown')
    expect(truth(pv32, { guestTypes: { pv: 0 } })).toBe('false')
    expect(truth(pv32, { guestTypes: { pv: 3 } })).toBe('unknown')
  })

  it('finds one of several values of a boot option', () => {
    const test: FactTest = { fact: 'commandLine', test: 'has', value: 'iommu=verbose', source }
    expect(truth(test, { commandLine: 'dom0_mem=1G iommu=strict,verbose' })).toBe('true')
    expect(truth(test, { commandLine: 'iommu=strict' })).toBe('false')
    expect(truth(test, { commandLine: '' })).toBe('false')
  })
})
