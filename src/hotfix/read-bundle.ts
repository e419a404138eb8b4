import { readPayload } from '../payload/read-payload.ts'
import type { SpliceStudy } from './splice-study.ts'
import { readSpliceStudy } from './splice-study-json.ts'
import type { Bundle, BundledPayload, Sha256 } from './bundle.ts'
import type { BundleRefusal } from './bundle-refusal.ts'
import type { Fix } from './fix.ts'
import { FIX_LIMITS } from './fix-limits.ts'
import { printable } from './fix-problem.ts'
import {
  BUNDLE_FORMAT_VERSION,
  BUNDLE_LIMITS,
  type BundleMember,
  type HotfixManifest,
  MEMBER_NAMES,
} from './manifest.ts'
import { readManifest } from './manifest-json.ts'
import { parseFix, refuseFixOf } from './parse-fix.ts'
import { encodeSums, readSums } from './sums.ts'
import { type ArchiveMember, readArchive } from './tar.ts'
import { utf8Text } from './utf8.ts'

export type BundleRead =
  | { readonly kind: 'read'; readonly bundle: Bundle }
  | { readonly kind: 'refused'; readonly refusal: BundleRefusal }

/**
 * Reads a bundle whole, or says why nothing is done with it.
 *
 * Every byte of the file is either given by the format or covered by a sum, so a bundle that was
 * cut, or in which any byte changed, is refused. The sums find damage; they are no signature. What
 * the manifest says of the payload's identity holds of the payload itself.
 *
 * The bundle holds views of `bytes`, which must not change afterwards. Never throws.
 */
export function readBundle(bytes: Uint8Array, sha256: Sha256): BundleRead {
  const opened = openArchive(bytes)
  if (opened.kind === 'refused') return opened
  const { members } = opened
  const manifestBytes = members[0]?.bytes ?? new Uint8Array(0)

  // A later version may list other members: it is told as such once its manifest is proven whole.
  const sums = readSumsOf(members)
  const altered = alteredMember(members.slice(0, 1), sums, sha256)
  if (altered !== undefined) return refused(altered)
  const read = readManifest(manifestBytes)
  if (read.kind === 'unknown-format-version') {
    return refused({ ...read, wanted: BUNDLE_FORMAT_VERSION })
  }
  const misfit =
    withoutSums(members) ??
    misfitMember(members.slice(1, -1), read.kind === 'read' ? read.manifest.members : undefined) ??
    (sums === undefined ? ALTERED_SUMS : undefined) ??
    alteredMember(members.slice(0, -1), sums, sha256) ??
    otherSums(members, sha256)
  if (misfit !== undefined) return refused(misfit)
  if (read.kind === 'malformed') return refused({ ...read, kind: 'malformed-manifest' })

  const { manifest } = read
  const unlike = unlikeManifest(members, manifest, sha256)
  if (unlike !== undefined) return refused(unlike)
  const unfit = formContradiction(manifest)
  if (unfit !== undefined) return refused(unfit)
  const payload = readPayloadMember(manifest, bytesOf(members, MEMBER_NAMES.payload))
  if (payload.kind === 'refused') return payload
  const study = readStudyMember(bytesOf(members, MEMBER_NAMES.study))
  if (study.kind === 'refused') return study
  const fix = readFixMember(manifest, bytesOf(members, MEMBER_NAMES.fix))
  if (fix.kind === 'refused') return fix
  const bundle: Bundle = {
    manifest,
    payload: payload.payload,
    study: study.study,
    fix: fix.fix,
    bytes,
    digest: sha256(bytes),
  }
  return { kind: 'read', bundle }
}

type Opened =
  | { readonly kind: 'opened'; readonly members: readonly ArchiveMember[] }
  | { readonly kind: 'refused'; readonly refusal: BundleRefusal }

function openArchive(bytes: Uint8Array): Opened {
  const notOne = (found: string): Opened => refused({ kind: 'not-a-bundle', found })
  if (bytes.byteLength === 0) return notOne('the file is empty')
  if (bytes.byteLength > BUNDLE_LIMITS.bundleBytes) {
    return notOne(
      `it has ${bytes.byteLength} bytes, and a bundle at most ${BUNDLE_LIMITS.bundleBytes}`,
    )
  }
  const begins = `${MEMBER_NAMES.manifest}\0`
  const head = bytes.subarray(0, begins.length)
  if (head.some((byte, index) => byte !== begins.charCodeAt(index))) {
    return notOne(`it does not begin with ${MEMBER_NAMES.manifest}`)
  }
  const archive = readArchive(bytes)
  switch (archive.kind) {
    case 'no-archive':
      return notOne('it is no tar archive')
    case 'cut':
      return refused({ kind: 'cut', found: bytes.byteLength, wanted: archive.wanted })
    case 'altered':
      return refused({ kind: 'altered-archive', part: archive.part })
    case 'read':
      return { kind: 'opened', members: archive.members }
  }
}

/** The list of sums, which comes last; undefined where there is none, or none that can be read. */
function readSumsOf(members: readonly ArchiveMember[]): ReadonlyMap<string, string> | undefined {
  const last = members.at(-1)
  return last?.name === MEMBER_NAMES.sums ? readSums(last.bytes) : undefined
}

function withoutSums(members: readonly ArchiveMember[]): BundleRefusal | undefined {
  const { sums } = MEMBER_NAMES
  return members.at(-1)?.name === sums ? undefined : { kind: 'missing-member', member: sums }
}

const ALTERED_SUMS: BundleRefusal = { kind: 'altered-archive', part: MEMBER_NAMES.sums }

/** The first member whose sum is another than the list says. */
function alteredMember(
  members: readonly ArchiveMember[],
  sums: ReadonlyMap<string, string> | undefined,
  sha256: Sha256,
): BundleRefusal | undefined {
  for (const { name, bytes } of members) {
    const wanted = sums?.get(name)
    const found = sha256(bytes)
    if (wanted !== undefined && wanted !== found) {
      return { kind: 'altered-member', member: name, found, wanted }
    }
  }
  return undefined
}

/** A list of sums that is not the one of these members: it has too few, too many, or another order. */
function otherSums(members: readonly ArchiveMember[], sha256: Sha256): BundleRefusal | undefined {
  const wanted = encodeSums(members.slice(0, -1), sha256)
  const found = members.at(-1)?.bytes
  return found !== undefined && equalBytes(found, wanted) ? undefined : ALTERED_SUMS
}

/** A member that no bundle has, that stands there twice, or that the manifest does not list. */
function misfitMember(
  members: readonly ArchiveMember[],
  listed: readonly BundleMember[] | undefined,
): BundleRefusal | undefined {
  const known: readonly string[] = listed?.map(({ name }) => name) ?? Object.values(MEMBER_NAMES)
  const names = members.map(({ name }) => name)
  const stranger = names.find((name, index) => !known.includes(name) || names.indexOf(name) < index)
  if (stranger !== undefined) return { kind: 'unknown-member', member: printable(stranger) }
  const missing = listed?.find(({ name }) => !names.includes(name))
  return missing && { kind: 'missing-member', member: missing.name }
}

/** What of the members differs from the manifest's list of them. */
function unlikeManifest(
  members: readonly ArchiveMember[],
  manifest: HotfixManifest,
  sha256: Sha256,
): BundleRefusal | undefined {
  const listed = manifest.members
  for (const [index, { name, bytes }] of members.slice(1, -1).entries()) {
    const entry = listed[index]
    if (entry?.name !== name || listed.length !== members.length - 2) {
      const wanted = listed.map((each) => each.name).join(', ')
      return contradicts('the archive', 'members in the order', name, wanted)
    }
    const found = sha256(bytes)
    if (entry.sha256 !== found) {
      return { kind: 'altered-member', member: name, found, wanted: entry.sha256 }
    }
    if (entry.byteLength !== bytes.byteLength) {
      const lengths = [String(bytes.byteLength), String(entry.byteLength)] as const
      return contradicts(name, 'a length of', ...lengths)
    }
  }
  return undefined
}

/** A form without its member, a member without a form, or a form that is there twice. */
function formContradiction({ forms, members }: HotfixManifest): BundleRefusal | undefined {
  const problem = (field: string, found: string, wanted: string): BundleRefusal => {
    return { kind: 'malformed-manifest', field, found, wanted }
  }
  if (members.length === 0) return problem('members', 'an empty list', 'a payload or a fix')
  for (const [index, form] of forms.entries()) {
    const field = `forms[${index}]`
    if (forms.findIndex(({ kind }) => kind === form.kind) < index) {
      return problem(`${field}.kind`, `a second ${form.kind}`, 'each form once')
    }
    if (form.kind === 'livepatch' && form.member !== MEMBER_NAMES.payload) {
      return problem(`${field}.member`, form.member, MEMBER_NAMES.payload)
    }
    if (!members.some(({ name }) => name === form.member)) {
      return { kind: 'missing-member', member: form.member }
    }
    if (form.kind !== 'splice') continue
    const isStudied = form.member === MEMBER_NAMES.payload && form.reasons.length === 0
    const wanted = isStudied ? MEMBER_NAMES.study : undefined
    if (form.study !== wanted) {
      return problem(`${field}.study`, form.study ?? 'nothing', wanted ?? 'nothing')
    }
    if (wanted !== undefined && !members.some(({ name }) => name === wanted)) {
      return { kind: 'missing-member', member: wanted }
    }
  }
  const isUsed = (name: string): boolean =>
    forms.some((form) => form.member === name || (form.kind === 'splice' && form.study === name))
  const unused = members.find(({ name }) => !isUsed(name))
  return unused && problem('forms', `no form of ${unused.name}`, 'a form for each member')
}

type PayloadMemberRead =
  | { readonly kind: 'read'; readonly payload: BundledPayload | undefined }
  | { readonly kind: 'refused'; readonly refusal: BundleRefusal }

/** The payload, which must be the one that the manifest tells of. */
function readPayloadMember(
  { base, forms, onTopOf }: HotfixManifest,
  bytes: Uint8Array | undefined,
): PayloadMemberRead {
  if (bytes === undefined) return { kind: 'read', payload: undefined }
  const read = readPayload(bytes)
  if (read.kind === 'refused') {
    return refused({ kind: 'malformed-payload', refusal: read.refusal })
  }
  const { payload } = read
  const unlike = (field: string, found: string, wanted: string): PayloadMemberRead =>
    refused(contradicts(MEMBER_NAMES.payload, field, found, wanted))
  // Before version 2 a payload names Xen only where it stands on nothing else.
  const below = onTopOf === undefined ? payload.dependsOn : base.buildId
  const xen = payload.xenBuildId ?? below
  if (xen !== base.buildId) return unlike("Xen's build-id", xen, base.buildId)
  for (const form of forms) {
    if (form.kind !== 'livepatch') continue
    if (payload.buildId !== form.payloadBuildId) {
      return unlike('build-id', payload.buildId, form.payloadBuildId)
    }
    if (payload.version !== form.payloadVersion) {
      return unlike('version', String(payload.version), String(form.payloadVersion))
    }
  }
  return { kind: 'read', payload: { bytes, payload } }
}

type StudyMemberRead =
  | { readonly kind: 'read'; readonly study: SpliceStudy | undefined }
  | { readonly kind: 'refused'; readonly refusal: BundleRefusal }

/** The study. Whether it is about the payload and its build, `examinePayload` finds out. */
function readStudyMember(bytes: Uint8Array | undefined): StudyMemberRead {
  if (bytes === undefined) return { kind: 'read', study: undefined }
  const read = readSpliceStudy(bytes)
  return read.kind === 'read' ? read : refused({ ...read, kind: 'malformed-study' })
}

/** UTF-8 has up to 3 bytes for a UTF-16 unit. */
const MOST_FIX_BYTES = 3 * FIX_LIMITS.fileLength

type FixMemberRead =
  | { readonly kind: 'read'; readonly fix: Fix | undefined }
  | { readonly kind: 'refused'; readonly refusal: BundleRefusal }

/** The fix, which must be the one that the manifest tells of. */
function readFixMember(manifest: HotfixManifest, bytes: Uint8Array | undefined): FixMemberRead {
  if (bytes === undefined) return { kind: 'read', fix: undefined }
  const isTooLong = bytes.byteLength > MOST_FIX_BYTES
  const parsed = isTooLong
    ? refuseFixOf(`${bytes.byteLength} bytes`)
    : parseFix(utf8Text(bytes) ?? '')
  if (parsed.kind === 'refused') {
    return refused({ kind: 'malformed-fix', problems: parsed.problems })
  }
  const { fix } = parsed
  const facts = (of: Fix | HotfixManifest): readonly (readonly [string, string])[] => [
    ['the name', of.name],
    ['the advisory', of.advisory ?? 'none'],
    ['the base', of.base.buildId],
    ['the fix below it', of.onTopOf ?? 'none'],
    ['the mark of a lab fix', String(of.labOnly)],
  ]
  const wanted = facts(manifest)
  for (const [index, [field, found]] of facts(fix).entries()) {
    const [, said] = wanted[index] ?? ['', '']
    if (found !== said) return refused(contradicts(MEMBER_NAMES.fix, field, found, said))
  }
  return { kind: 'read', fix }
}

function contradicts(member: string, field: string, found: string, wanted: string): BundleRefusal {
  return { kind: 'contradiction', member, field, found, wanted }
}

function bytesOf(members: readonly ArchiveMember[], name: string): Uint8Array | undefined {
  return members.find((member) => member.name === name)?.bytes
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}

function refused(refusal: BundleRefusal): {
  readonly kind: 'refused'
  readonly refusal: BundleRefusal
} {
  return { kind: 'refused', refusal }
}
