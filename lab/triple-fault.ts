/**
 * The triple fault that ended a guest, as Xen's console tells it; undefined if none did.
 *
 * PVH guests end so in QEMU 7.2's emulation of AMD's SVM, with and without a mend, more often on a
 * loaded host. Often the registers that Xen then prints of the guest are Xen's own (code segment
 * 0xe008, just behind VMRUN), which no hardware brings about. So a lab's guest that ended by a
 * triple fault says nothing about Xen or a fix; the same thing happening each time would.
 */
export function findTripleFault(console: string): string | undefined {
  const fault =
    /\(XEN\) (d\d+v\d+) Triple fault[^]{0,600}?\(XEN\) RIP:\s+([0-9a-f]{4}):\[<([0-9a-f]+)>\]/
  const found = fault.exec(console)
  if (!found) return undefined
  const [, vcpu, segment, address] = found
  const whose = segment === 'e008' ? "Xen's own code, by a fault of the emulator" : 'its own code'
  return `${vcpu} ended by a triple fault at 0x${address} in ${whose}`
}
