import { describe, expect, it } from 'vitest'
import type { BuildId } from '../../image/build-id.ts'
import { requireLabBuild } from './try.ts'

const VERSION = '4.17.5+72-g01140da4e8-1'
const LAB = { version: VERSION, buildId: '11'.repeat(20) as BuildId }

describe('requireLabBuild()', () => {
  it('takes a hotfix for the very build of the lab', () => {
    expect(() => requireLabBuild(LAB, LAB)).not.toThrow()
  })

  it('refuses one for another build of the same version', () => {
    const rebuilt = { version: VERSION, buildId: '22'.repeat(20) as BuildId }
    expect(() => requireLabBuild(rebuilt, LAB)).toThrow(/has build-id 1{40}, and .* is for 2{40}$/)
  })
})
