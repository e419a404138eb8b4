import { describe, expect, it } from 'vitest'
import { findProbe } from '../src/host/probes.ts'
import type { Hypervisor } from '../src/xen/hypervisor.ts'
import { readProbeAnswer } from './probe-answer.ts'

describe('readProbeAnswer()', () => {
  it.each([-61, -3, 0, -1, -14, 61, 3])('reads %d as the probe of XSA-506 does', (answer) => {
    // A probe does nothing with a hypervisor but to call it.
    const hypervisor = { call: () => answer } as unknown as Hypervisor
    const finding = findProbe('dm-op-without-buffers')?.run(hypervisor)
    expect(readProbeAnswer(answer).state).toBe(finding?.state)
  })

  it('names the error, where it has a name', () => {
    expect(readProbeAnswer(-61).text).toBe('-61 (ENODATA)')
    expect(readProbeAnswer(-1000).text).toBe('-1000')
  })

  it.each([undefined, null, Number.NaN])('takes %s for a question that was not asked', (answer) => {
    expect(readProbeAnswer(answer).state).toBe('not-asked')
  })
})
