import { distance } from '../../address/address.ts'
import type { ImageSymbol } from '../../image/image.ts'
import { findReferences } from '../../image/image-references.ts'
import { Arrivals } from '../entry/arrivals.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import { type CheckedOrder, checkSpliceOrder } from './check-splice-order.ts'
import { moreClobbered } from './clobbered-registers.ts'
import { neededSwitches } from './needed-switches.ts'
import type { SpliceRefusal } from './splice-refusal.ts'
import type {
  SpliceStudy,
  StudiedFunction,
  StudiedPlace,
  UnusedVendor,
} from '../../hotfix/splice-study.ts'
import { studiedHead } from './studied-arrivals.ts'
import { targetsOf } from './targets-of.ts'
import { unrunnableFunctions } from './unrunnable-code.ts'

export type PayloadStudied =
  | { readonly kind: 'studied'; readonly study: SpliceStudy }
  | { readonly kind: 'refused'; readonly refusals: readonly SpliceRefusal[] }

/**
 * Finds what `examinePayload` needs to know of the whole image, or everything that speaks against a
 * splice before a host is known. Decodes the image several times: for where hotfixes are built.
 */
export function studyPayload(order: CheckedOrder): PayloadStudied {
  const checked = checkSpliceOrder(order)
  if (checked.kind === 'refused') return checked
  const { image } = order
  const { functions, linked } = checked
  const refusals = [...checked.refusals]
  const symbols = functions.map(({ symbol }) => symbol)
  const references = findReferences(image)
  const reached = neededSwitches(image, references, symbols)
  if (reached.every(({ reachedBy }) => reachedBy === undefined)) {
    refusals.push({ kind: 'nothing-to-switch' })
  }
  refusals.push(...moreClobbered(image, references, functions, reached, linked))
  if (refusals.length > 0) return { kind: 'refused', refusals }

  const placeOf = ({ name, address }: ImageSymbol): StudiedPlace => ({
    name,
    at: distance(image.start, address),
  })
  const arrivals = new Arrivals(new FunctionSweeps(image))
  const targets = targetsOf(linked)
  const replaced = new Set(symbols.map(({ address }) => address))
  const unrunnable = (vendor: UnusedVendor): readonly StudiedPlace[] =>
    unrunnableFunctions(image, references, vendor, targets)
      .filter(({ address }) => !replaced.has(address))
      .map(placeOf)
  return {
    kind: 'studied',
    study: {
      functions: reached.map(({ symbol, reachedBy }): StudiedFunction => {
        const { certain, possible } = arrivals.within(studiedHead(symbol))
        return {
          ...placeOf(symbol),
          reachedBy: reachedBy && {
            from: distance(image.start, reachedBy.from),
            to: distance(image.start, reachedBy.to),
            form: reachedBy.form,
          },
          arrivals: { certain, possible },
        }
      }),
      unrunnable: { amd: unrunnable('amd'), intel: unrunnable('intel') },
    },
  }
}
