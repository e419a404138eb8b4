import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { livepatchName, livepatchOwner, readLivepatchName } from './livepatch-name.ts'
import { payloadId } from './testing/livepatch-world.ts'

const anyText = fc
  .array(fc.nat({ max: 0xffff }), { maxLength: 200 })
  .map((units) => String.fromCharCode(...units))

describe('livepatchName()', () => {
  it('tells the hotfix and the beginning of the build-id', () => {
    const name = livepatchName('xsa-506', payloadId(0x5f3a))
    expect(name).toBe('reweave-xsa-506-5f3a5f3a')
    expect(readLivepatchName(name)).toEqual({ hotfix: 'xsa-506', buildIdStart: '5f3a5f3a' })
  })

  it('makes a name of Reweave that Xen takes, whatever the hotfix is called', () => {
    fc.assert(
      fc.property(anyText, (hotfix) => {
        const name = livepatchName(hotfix, payloadId(1))
        expect(name).toMatch(/^[A-Za-z0-9._-]{1,127}$/)
        expect(livepatchOwner(name)).toBe('reweave')
      }),
      { seed: 0x7a3e, numRuns: 200 },
    )
  })
})

describe('livepatchOwner()', () => {
  it.each(['lp_4.17.5-1', 'reweave', 'reweave-xsa-506', 'reweave-xsa-506-XYZ', ''])(
    'leaves %s to other tools',
    (name) => {
      expect(livepatchOwner(name)).toBe('other')
    },
  )
})
