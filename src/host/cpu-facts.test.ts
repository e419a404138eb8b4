import { describe, expect, it } from 'vitest'
import { architectureOf, parseCpuInfo } from './cpu-facts.ts'

function cpuInfo(vendor: string, family: number, model: number): string {
  return [
    'processor\t: 0',
    `vendor_id\t: ${vendor}`,
    `cpu family\t: ${family}`,
    `model\t\t: ${model}`,
    'model name\t: some CPU',
    'flags\t\t: fpu de tsc hypervisor',
    '',
    'processor\t: 1',
    `vendor_id\t: ${vendor}`,
  ].join('\n')
}

describe('parseCpuInfo()', () => {
  it.each([
    ['GenuineIntel', 'intel'],
    ['AuthenticAMD', 'amd'],
    ['HygonGenuine', 'hygon'],
    ['  Shanghai  ', 'zhaoxin'],
    ['SomebodyNew', undefined],
  ] as const)('knows the vendor %s', (name, vendor) => {
    expect(parseCpuInfo(cpuInfo(name, 6, 85)).cpuVendor).toBe(vendor)
  })

  it.each([
    [0x17, 0x01, ['zen1'], ['zen2']],
    [0x17, 0x31, ['zen2'], ['zen1']],
    [0x17, 0x80, [], []],
    [0x19, 0x01, [], ['zen1', 'zen2']],
    [0x0f, 0x6b, [], ['zen1', 'zen2']],
  ] as const)('tells the Zens of family %i, model %i apart', (family, model, present, absent) => {
    const { cpuFeatures } = parseCpuInfo(cpuInfo('AuthenticAMD', family, model))
    expect(cpuFeatures).toEqual({
      present: ['fpu', 'de', 'tsc', 'hypervisor', ...present],
      absent,
    })
  })

  it('counts nothing that Dom0 does not see as absent', () => {
    expect(parseCpuInfo(cpuInfo('SomebodyNew', 6, 1)).cpuFeatures?.absent).toEqual([])
  })

  it('knows nothing from a text that names nothing', () => {
    expect(parseCpuInfo('')).toEqual({ cpuVendor: undefined, cpuFeatures: undefined })
  })
})

describe('architectureOf()', () => {
  it("takes Node's words, and no others", () => {
    expect(architectureOf('x64')).toBe('x86_64')
    expect(architectureOf('mips')).toBeUndefined()
  })
})
