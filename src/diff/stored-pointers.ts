import { R_X86_64 } from '../elf/definitions.ts'
import type { Atom } from './atom.ts'
import type { OpenObject } from './open-object.ts'
import { isCode } from './section-class.ts'

/**
 * Whether memory may hold pointers to a constant that the build before has put there.
 *
 * A table of functions whose address is taken is nearly always kept somewhere (`d->ops = &ops`):
 * who has the pointer goes on to use the old table, so a new copy would mend nothing. Tables of
 * numbers and strings are indexed on the spot, and direct uses (`call *ops+8(%rip)`) store
 * nothing.
 */
export function mayBeStored(before: OpenObject, constant: Atom): boolean {
  const leadsToCode = constant.references.some(
    ({ target }) =>
      target.kind === 'external' || (target.kind === 'atom' && isCode(target.atom.meaning)),
  )
  if (!leadsToCode) return false
  return before.atoms.some((user) =>
    user.references.some(
      ({ at, type, target }) =>
        target.kind === 'atom' &&
        target.atom === constant &&
        (type === R_X86_64[64] || takesAddress(user, at)),
    ),
  )
}

/** Intel SDM volume 2: 8D is `lea`, and a ModRM byte stands between it and the hole. */
function takesAddress(user: Atom, at: number): boolean {
  return isCode(user.meaning) && user.bytes?.[at - 2] === 0x8d
}
