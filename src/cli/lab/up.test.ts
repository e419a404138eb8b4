import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { guestRequests, machineRequests } from './up.ts'

const DEFAULTS = {
  name: 'lab',
  number: '1',
  guests: '',
  engine: 'nvme,edu',
  iommu: 'none',
  cpu: 'amd',
  xenOption: [],
  dom0Option: [],
}

describe('machineRequests()', () => {
  it('gives one machine the name itself, and several a number', () => {
    const names = (number: string): readonly string[] =>
      machineRequests({ ...DEFAULTS, number }).map(({ name }) => name)
    expect(names('1')).toEqual(['lab'])
    expect(names('3')).toEqual(['lab-1', 'lab-2', 'lab-3'])
  })

  it.each(['0', '-1', '1.5', 'two', '17'])(
    'refuses %s machines as a wrong command line',
    (number) => {
      expect(() => machineRequests({ ...DEFAULTS, number })).toThrow(
        expect.objectContaining({ exit: 'usage' }) as Error,
      )
    },
  )

  it('takes a machine without engines', () => {
    expect(machineRequests({ ...DEFAULTS, engine: 'none' })[0]?.engines).toEqual([])
  })

  it.each([
    { name: '../etc' },
    { name: 'Lab' },
    { engine: 'floppy' },
    { memory: 'much' },
    { iommu: 'some' },
  ])('refuses %o', (wrong) => {
    expect(() => machineRequests({ ...DEFAULTS, ...wrong })).toThrow(z.ZodError)
  })
})

describe('guestRequests()', () => {
  it('numbers guests by type', () => {
    expect(guestRequests('pv, pvh,pv').map(({ name }) => name)).toEqual(['pv1', 'pvh1', 'pv2'])
    expect(guestRequests('')).toEqual([])
  })

  it('refuses a type that the lab has not', () => {
    expect(() => guestRequests('hvm')).toThrow(z.ZodError)
  })
})
