import { createHash } from 'node:crypto'
import type { Patch } from '../diff/patch.ts'
import type { BuildId } from '../image/build-id.ts'
import { type CompileInfo, readCompileInfo } from '../image/compile-info.ts'
import type { Image } from '../image/image.ts'
import { checkPayload, describePayloadMismatch } from '../payload/check-payload.ts'
import { emitLivepatch } from '../payload/emit-livepatch.ts'
import type { Payload, PayloadVersion } from '../payload/payload.ts'
import { describePayloadReason } from '../payload/payload-reason.ts'
import { describePayloadRefusal } from '../payload/payload-refusal.ts'
import { readPayload } from '../payload/read-payload.ts'
import { describeSpliceRefusal } from '../splice/payload/describe-splice-refusal.ts'
import { examinePayload } from '../splice/payload/examine-payload.ts'
import type { SpliceRefusal } from '../splice/payload/splice-refusal.ts'
import type { SpliceStudy } from '../hotfix/splice-study.ts'
import { studyPayload } from '../splice/payload/study-payload.ts'
import type { BuildReason, BuiltForm } from './build-report.ts'

/** The forms that a patch comes to. Both are made from one payload. */
export interface BuiltForms {
  readonly payload: Uint8Array
  readonly payloadVersion: PayloadVersion
  readonly payloadBuildId: BuildId
  /** What was found of the image for the splice; undefined where there can be none. */
  readonly study: SpliceStudy | undefined
  /** The releases of Xen that take the payload's layout. */
  readonly interfaces: readonly string[]
  /** For the report: livepatch, then splice. */
  readonly said: readonly [BuiltForm, BuiltForm]
}

export interface FormsOrder {
  readonly name: string
  readonly advisory: string | undefined
  readonly title: string
  readonly image: Image
  /** Why old and new code may run side by side, in the words of whoever builds it. */
  readonly sideBySide: string | undefined
}

export type FormsOutcome =
  | { readonly kind: 'built'; readonly forms: BuiltForms }
  | { readonly kind: 'refused'; readonly reasons: readonly BuildReason[] }

/** Releases by the layout of `struct livepatch_func` (docs/formats/hotfix.md). */
const INTERFACES: Readonly<Record<PayloadVersion, readonly string[]>> = {
  1: ['4.7', '4.8', '4.9', '4.10', '4.11', '4.12', '4.13'],
  2: ['4.14', '4.15', '4.16', '4.17', '4.18', '4.19', '4.20', '4.21'],
}

/**
 * Emits the payload, reads it back, and holds it against the image as a host would before it
 * loads it. The livepatch form is there, or nothing is; the splice form may be impossible.
 */
export function buildForms(patch: Patch, order: FormsOrder): FormsOutcome {
  const { image } = order
  const payloadVersion = payloadVersionOf(readCompileInfo(image))
  const emitted = emitLivepatch({
    patch,
    image,
    version: payloadVersion,
    info: infoOf(order),
    digest: (bytes) => createHash('sha1').update(bytes).digest(),
  })
  if (emitted.kind === 'refused') {
    return {
      kind: 'refused',
      reasons: emitted.reasons.map((reason) => ({
        kind: reason.kind,
        object: reason.object,
        symbol: reason.symbol,
        sentence: describePayloadReason(reason),
      })),
    }
  }
  const payload = readBack(emitted.bytes, image)
  const interfaces = INTERFACES[payloadVersion]
  const splice = spliceForm(payload, order)
  const livepatch: BuiltForm = {
    form: 'livepatch',
    possible: true,
    about: `version ${payloadVersion}, for Xen ${interfaces[0]} to ${interfaces.at(-1)}`,
    bytes: emitted.bytes.length,
    reasons: [],
  }
  return {
    kind: 'built',
    forms: {
      payload: emitted.bytes,
      payloadVersion,
      payloadBuildId: emitted.buildId,
      interfaces,
      study: splice.study,
      said: [livepatch, splice.said],
    },
  }
}

/** An image that does not tell its version has accessor functions that older Xen had not. */
function payloadVersionOf({ majorVersion, minorVersion }: CompileInfo): PayloadVersion {
  if (majorVersion === undefined || minorVersion === undefined) return 2
  return majorVersion === 4 && minorVersion < 14 ? 1 : 2
}

/** What Xen's own list of payloads shows of it. */
function infoOf({ name, advisory, title }: FormsOrder): readonly (readonly [string, string])[] {
  return [
    ['name', name],
    ...(advisory === undefined ? [] : [['advisory', advisory] as const]),
    // Xen takes printable ASCII alone. The manifest has the title as it is.
    ['title', title.replaceAll(/[^ -~]/gu, '?')],
    ['made-by', 'reweave'],
  ]
}

/** @throws Error where our own payload does not pass: a fault of this program */
function readBack(bytes: Uint8Array, image: Image): Payload {
  const read = readPayload(bytes)
  if (read.kind === 'refused') {
    throw new Error(`The payload cannot be read back: ${describePayloadRefusal(read.refusal)}`)
  }
  const mismatches = checkPayload(read.payload, image)
  if (mismatches.length === 0) return read.payload
  throw new Error(
    `The payload does not fit its base: ${mismatches.map(describePayloadMismatch).join('; ')}`,
  )
}

function spliceForm(
  payload: Payload,
  { name, advisory = name, image, sideBySide }: FormsOrder,
): { readonly study: SpliceStudy | undefined; readonly said: BuiltForm } {
  const order = { payload, image, sideBySide }
  const studied = studyPayload(order)
  if (studied.kind === 'refused') return notSpliceable(studied.refusals)
  const { study } = studied
  const examined = examinePayload({ ...order, name, advisory, reuse: undefined }, study)
  if (examined.kind === 'refused') return notSpliceable(examined.refusals)
  const bytes = examined.toPlace.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const about = 'to be placed in free bytes of the hypervisor, by DMA'
  return { study, said: { form: 'splice', possible: true, about, bytes, reasons: [] } }
}

function notSpliceable(refusals: readonly SpliceRefusal[]): {
  readonly study: undefined
  readonly said: BuiltForm
} {
  const reasons = refusals.map((refusal) => ({
    kind: refusal.kind,
    object: undefined,
    symbol: undefined,
    sentence: describeSpliceRefusal(refusal),
  }))
  return {
    study: undefined,
    said: { form: 'splice', possible: false, about: '', bytes: 0, reasons },
  }
}
