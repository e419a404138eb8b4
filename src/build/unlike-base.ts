/**
 * Where the source, as configured, is not what the base was built from, although the functions that
 * a patch replaces are proven.
 *
 * There the same patch may change more of the base than of the source. A hotfix would close a part
 * of a hole, and "nothing to patch" would be untrue.
 *
 * @module
 */
import { type Exception, summariseProofs } from '../baseline/summarise-proofs.ts'
import { unaccountedFunctions } from '../baseline/unaccounted-functions.ts'
import type { Image } from '../image/image.ts'
import type { BuildReason } from './build-report.ts'
import type { BaselineProof } from './prove-baseline.ts'

/** How many names a sentence gives. */
const NAMED = 5

const CONFIGURATION =
  "use the package's very source, and its configuration (/boot/xen-*.config) as xen/.config"

/** One reason, if the base has functions that no object of the baseline has. */
export function unaccountedReasons(
  { proofs }: BaselineProof,
  image: Pick<Image, 'symbols'>,
): readonly BuildReason[] {
  const found = unaccountedFunctions(proofs, image)
  if (found.length === 0) return []
  const names = found.map(({ name, file }) => (file === undefined ? name : `${file}#${name}`))
  const sentence =
    `the base has ${counted(found.length)} that the source does not compile to ` +
    `(${list(names)}), so the patch may change code there that is not seen here; ${CONFIGURATION}`
  return [{ kind: 'baseline-incomplete', object: undefined, symbol: undefined, sentence }]
}

/**
 * A reason for each of the objects that has functions which are not proven.
 *
 * `objects` are those that the patch touches; undefined means all of the baseline. `told` are
 * functions that have a reason of their own.
 */
export function unprovenAround(
  { proofs }: BaselineProof,
  objects: readonly string[] | undefined,
  told: readonly (string | undefined)[],
): readonly BuildReason[] {
  const unproven = summariseProofs(proofs).exceptions.filter(
    ({ object, symbol, harmless }) =>
      !harmless && (objects?.includes(object) ?? true) && !told.includes(symbol.name),
  )
  return [...Map.groupBy(unproven, ({ object }) => object)].map(([object, group]) => ({
    kind: 'baseline-not-proven',
    object,
    symbol: undefined,
    sentence: sentenceOf(object, group),
  }))
}

function sentenceOf(object: string, group: readonly Exception[]): string {
  const names = group.map(({ symbol }) => symbol.name)
  const [first] = group
  return (
    `${object}: ${counted(group.length)} beside what the patch changes ` +
    `${group.length === 1 ? 'is' : 'are'} not proven to be what runs (${list(names)}), so the ` +
    `patch may change more of the base than of this source: ${first?.sentence ?? ''}; ${CONFIGURATION}`
  )
}

function counted(count: number): string {
  return `${count} function${count === 1 ? '' : 's'}`
}

function list(names: readonly string[]): string {
  const others = names.length - NAMED
  return names.slice(0, NAMED).join(', ') + (others > 0 ? ` and ${others} more` : '')
}
