import { describe, expect, it } from 'vitest'
import { findEmulatorFault } from './emulator-fault.ts'

const FAULT = `(XEN) d2v0: upcall vector f3
(XEN) d2v0 Triple fault - invoking HVM shutdown action 1
(XEN) *** Dumping Dom2 vcpu#0 state: ***
(XEN) ----[ Xen-4.17.5  x86_64  debug=n  Not tainted ]----
(XEN) CPU:    0
(XEN) RIP:    e008:[<ffff82d040204505>]
`

describe('findEmulatorFault()', () => {
  it('names the vCPU and the address of Xen that it was to run', () => {
    expect(findEmulatorFault(FAULT)).toBe(
      "QEMU's emulation of SVM broke d2v0: it was to run Xen's own code at 0xffff82d040204505",
    )
  })

  it('does not take a triple fault in the code of a guest for one', () => {
    expect(findEmulatorFault(FAULT.replace('e008:', '0010:'))).toBeUndefined()
  })

  it('does not take a crash of Xen itself for one', () => {
    expect(findEmulatorFault(FAULT.replace('d2v0 Triple fault', 'Panic on CPU 0'))).toBeUndefined()
  })
})
