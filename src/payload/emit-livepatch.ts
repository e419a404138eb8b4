import { copyBytes } from '../address/copy-bytes.ts'
import type { Patch } from '../diff/patch.ts'
import { type BuildId, buildIdFromBytes } from '../image/build-id.ts'
import type { Image } from '../image/image.ts'
import { assemblePayload, type PayloadPlan } from './assemble-payload.ts'
import { MAX_PAYLOAD_BYTES } from './livepatch-format.ts'
import type { PayloadVersion } from './payload.ts'
import type { PayloadReason } from './payload-reason.ts'
import { planPayload } from './plan-payload.ts'
import { readXenNames } from './xen-names.ts'

export interface LivepatchInput {
  readonly patch: Patch
  readonly image: Image
  /** What the hypervisor of the image takes. */
  readonly version: PayloadVersion
  /** What must be on top of the stack; the image itself when undefined. */
  readonly dependsOn?: BuildId | undefined
  /** What Xen's list of payloads shows, in this order. Keys are without `=`, nothing has a NUL. */
  readonly info: readonly (readonly [key: string, value: string])[]
  /** SHA-1, or another digest of 8 to 32 bytes. */
  readonly digest: (bytes: Uint8Array) => Uint8Array
}

export type LivepatchEmitted =
  | { readonly kind: 'emitted'; readonly bytes: Uint8Array; readonly buildId: BuildId }
  | { readonly kind: 'refused'; readonly reasons: readonly PayloadReason[] }

/**
 * A payload that Xen's loader takes, made from a patch.
 *
 * Version 2 is for Xen 4.14 to 4.21, version 1 for 4.7 to 4.13. Equal inputs give equal bytes. Its
 * build-id is the digest of the payload itself, made without it, so that payloads that differ have
 * different ones and Xen tells them apart.
 *
 * Expectations hold the image's bytes at each entry: a payload refuses to go over a function that
 * another payload has already replaced. Both would otherwise claim to be in force.
 *
 * @throws RangeError when the patch contradicts itself, or `info` or `digest` its description
 */
export function emitLivepatch(input: LivepatchInput): LivepatchEmitted {
  const names = readXenNames(input.image)
  const planned = planPayload(input.patch, input.image, names)
  if (planned.kind === 'refused') return planned

  const draft = assemble(input, planned.plan, undefined)
  const digest = copyBytes(input.digest(draft))
  const buildId = buildIdFromBytes(digest)
  if (buildId === undefined)
    throw new RangeError(`A digest of ${digest.length} bytes is no build-id`)
  const bytes = assemble(input, planned.plan, digest)
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    const facts = { foundBytes: bytes.length, wantedAtMostBytes: MAX_PAYLOAD_BYTES }
    const where = { object: undefined, symbol: undefined }
    return { kind: 'refused', reasons: [{ kind: 'payload-too-large', ...where, ...facts }] }
  }
  return { kind: 'emitted', bytes, buildId }
}

/** With no build-id yet, zeros stand in its place, and for the part of it that symbols bear. */
function assemble(
  input: LivepatchInput,
  plan: PayloadPlan,
  digest: Uint8Array | undefined,
): Uint8Array {
  return assemblePayload(plan, {
    version: input.version,
    buildId: digest ?? new Uint8Array(20),
    xenBuildId: input.image.buildId,
    dependsOn: input.dependsOn ?? input.image.buildId,
    info: input.info,
  })
}
