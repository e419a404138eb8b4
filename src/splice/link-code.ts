import { copyBytes } from '../address/copy-bytes.ts'
import { advance, type VirtualAddress } from '../address/address.ts'
import { holeBytes } from '../hotfix/code-text.ts'
import type { Code, Relocation } from '../hotfix/fix.ts'
import { fitsInt32 } from '../x86/jump.ts'

export type LinkedCode =
  | { readonly kind: 'linked'; readonly bytes: Uint8Array }
  | { readonly kind: 'out-of-reach'; readonly relocation: Relocation }

/**
 * The code's bytes once it lies at `at`, its holes filled.
 *
 * `targets` has the address of each relocation's target, in the order of the relocations.
 */
export function linkCode(
  code: Code,
  at: VirtualAddress,
  targets: readonly VirtualAddress[],
): LinkedCode {
  const bytes = copyBytes(code.bytes)
  const view = new DataView(bytes.buffer)
  for (const [index, relocation] of code.relocations.entries()) {
    const target = targets[index]
    if (target === undefined) throw new RangeError('A relocation has no resolved target')
    if (relocation.kind === 'abs64') {
      view.setBigUint64(relocation.at, target, true)
      continue
    }
    const displacement = target - advance(at, relocation.at + holeBytes(relocation))
    if (!fitsInt32(displacement)) return { kind: 'out-of-reach', relocation }
    view.setInt32(relocation.at, Number(displacement), true)
  }
  return { kind: 'linked', bytes }
}
