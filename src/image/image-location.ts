import type { AddressRange } from '../address/address-range.ts'
import { contains, describeRange } from '../address/address-range.ts'
import { advance, distance, type MachineAddress, type VirtualAddress } from '../address/address.ts'

/**
 * Where one running image lies in machine memory.
 *
 * The image is contiguous there, so a machine address is the range's start plus the distance
 * from `_start` (Xen: `machine_kexec_get_xen`, xen/arch/x86/machine_kexec.c). It moves with
 * firmware, memory size and boot modules: never keep one across a reboot.
 */
export interface ImageLocation {
  readonly virtualStart: VirtualAddress
  readonly machine: AddressRange<MachineAddress>
}

/**
 * The machine range behind a virtual range of the image.
 *
 * @throws RangeError when the range leaves the image
 */
export function toMachine(
  location: ImageLocation,
  range: AddressRange<VirtualAddress>,
): AddressRange<MachineAddress> {
  const whole = { start: location.virtualStart, byteLength: location.machine.byteLength }
  if (!contains(whole, range)) {
    throw new RangeError(`${describeRange(range)} is not inside the image ${describeRange(whole)}`)
  }
  const start = advance(location.machine.start, distance(location.virtualStart, range.start))
  return { start, byteLength: range.byteLength }
}
