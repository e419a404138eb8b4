import type { BuildId } from '../image/build-id.ts'
import { MAX_LIVEPATCH_NAME_BYTES } from '../xen/livepatch-abi.ts'

/** Whose a loaded payload is, by its name. */
export type LivepatchOwner = 'reweave' | 'other'

const PREFIX = 'reweave-'
/** How much of the build-id a name holds. */
const BUILD_ID_DIGITS = 8
const SHAPE = /^reweave-(.+)-([0-9a-f]{8})$/

/**
 * The name under which Reweave loads a hotfix's payload: `reweave-xsa-506-5f3a9c01`, the last part
 * being the first digits of the payload's build-id.
 *
 * Letters that another tool might trip over become dashes, and a long name is cut.
 */
export function livepatchName(hotfix: string, payload: BuildId): string {
  const room = MAX_LIVEPATCH_NAME_BYTES - PREFIX.length - 1 - BUILD_ID_DIGITS
  const safe = hotfix.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, room)
  return `${PREFIX}${safe === '' ? 'hotfix' : safe}-${payload.slice(0, BUILD_ID_DIGITS)}`
}

/** Reweave touches no payload that is not its own. */
export function livepatchOwner(name: string): LivepatchOwner {
  return SHAPE.test(name) ? 'reweave' : 'other'
}

/** The hotfix and the beginning of the build-id that one of Reweave's names tells. */
export function readLivepatchName(
  name: string,
): { readonly hotfix: string; readonly buildIdStart: string } | undefined {
  const [, hotfix, buildIdStart] = SHAPE.exec(name) ?? []
  if (hotfix === undefined || buildIdStart === undefined) return undefined
  return { hotfix, buildIdStart }
}
