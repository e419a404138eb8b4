/**
 * Whether the emulator, and nothing else, killed a guest: what Xen's console says of it.
 *
 * QEMU 7.2's emulation of AMD's SVM now and then saves the hypervisor's own registers as those of
 * the guest that it leaves, more often on a loaded host. When the guest is entered again it
 * triple-faults at once, at the instruction behind Xen's VMRUN. No hardware does this, and no guest
 * can have Xen's code segment (0xe008), so these two lines tell it apart from any fault of a
 * guest, of Xen or of a fix.
 */
export function findEmulatorFault(console: string): string | undefined {
  const fault = /\(XEN\) (d\d+v\d+) Triple fault[^]{0,600}?\(XEN\) RIP:\s+e008:\[<([0-9a-f]+)>\]/
  const found = fault.exec(console)
  return found
    ? `QEMU's emulation of SVM broke ${found[1]}: it was to run Xen's own code at 0x${found[2]}`
    : undefined
}
