import { describe, expect, it } from 'vitest'
import { findTripleFault } from './triple-fault.ts'

const FAULT = `(XEN) d2v0: upcall vector f3
(XEN) d2v0 Triple fault - invoking HVM shutdown action 1
(XEN) *** Dumping Dom2 vcpu#0 state: ***
(XEN) ----[ Xen-4.17.5  x86_64  debug=n  Not tainted ]----
(XEN) CPU:    0
(XEN) RIP:    e008:[<ffff82d040204505>]
`

describe('findTripleFault()', () => {
  it('names the vCPU and where it ended', () => {
    expect(findTripleFault(FAULT)).toBe(
      "d2v0 ended by a triple fault at 0xffff82d040204505 in Xen's own code, by a fault of the emulator",
    )
  })

  it("tells a fault in the guest's own code from one in Xen's", () => {
    expect(findTripleFault(FAULT.replace('e008:', '0010:'))).toMatch(/in its own code$/)
  })

  it('does not take a crash of Xen itself for one', () => {
    expect(findTripleFault(FAULT.replace('d2v0 Triple fault', 'Panic on CPU 0'))).toBeUndefined()
  })
})
