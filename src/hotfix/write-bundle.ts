import type { SpliceStudy } from './splice-study.ts'
import { encodeSpliceStudy } from './splice-study-json.ts'
import type { Bundle, Sha256 } from './bundle.ts'
import type { Fix } from './fix.ts'
import type { HotfixIdentity } from './hotfix-identity.ts'
import { BUNDLE_FORMAT_VERSION, type HotfixManifest, MEMBER_NAMES } from './manifest.ts'
import { encodeManifest } from './manifest-json.ts'
import { type ParsedFix, parseFix } from './parse-fix.ts'
import { readBundle } from './read-bundle.ts'
import { encodeSums } from './sums.ts'
import { type ArchiveMember, writeArchive } from './tar.ts'
import { utf8Bytes } from './utf8.ts'

/** What a bundle is made of; what can be derived from the members is. */
export interface BundleDraft extends HotfixIdentity {
  readonly reweave: string
  readonly origin: HotfixManifest['origin']
  readonly functions: HotfixManifest['functions']
  readonly forms: HotfixManifest['forms']
  readonly payload: Uint8Array | undefined
  /** What was found for the payload, where it can be spliced in. */
  readonly study: SpliceStudy | undefined
  /** The text of a fix file. */
  readonly fix: string | undefined
}

/** A draft contradicts itself: a fault of the program that made it. */
export class BundleDraftError extends Error {
  override readonly name = 'BundleDraftError'
  readonly code = 'bundle-draft'
}

/**
 * The file of a bundle: equal drafts give equal bytes.
 *
 * @throws BundleDraftError when `readBundle` would refuse what the draft comes to
 */
export function writeBundle(draft: BundleDraft, sha256: Sha256): Bundle {
  const { payload, study, fix, ...said } = draft
  const members: ArchiveMember[] = []
  if (payload !== undefined) members.push({ name: MEMBER_NAMES.payload, bytes: payload })
  if (study !== undefined) {
    members.push({ name: MEMBER_NAMES.study, bytes: encodeSpliceStudy(study) })
  }
  if (fix !== undefined) members.push({ name: MEMBER_NAMES.fix, bytes: utf8Bytes(fix) })
  const manifest: HotfixManifest = {
    formatVersion: BUNDLE_FORMAT_VERSION,
    ...said,
    members: members.map(({ name, bytes }) => ({
      name,
      byteLength: bytes.byteLength,
      sha256: sha256(bytes),
    })),
  }
  const whole = [{ name: MEMBER_NAMES.manifest, bytes: encodeManifest(manifest) }, ...members]
  const sums = { name: MEMBER_NAMES.sums, bytes: encodeSums(whole, sha256) }
  const read = readBundle(writeArchive([...whole, sums]), sha256)
  if (read.kind === 'read') return read.bundle
  throw new BundleDraftError(`Cannot write the bundle: ${JSON.stringify(read.refusal)}`)
}

/** A fix file as a bundle, or everything that is wrong with the file. */
export type WrittenFixBundled =
  | { readonly kind: 'bundled'; readonly bundle: Bundle }
  | Extract<ParsedFix, { readonly kind: 'refused' }>

/** Puts a fix that was written by hand into a bundle, which then has the splice form alone. */
export function bundleWrittenFix(
  text: string,
  options: { readonly reweave: string; readonly sha256: Sha256 },
): WrittenFixBundled {
  const parsed = parseFix(text)
  if (parsed.kind === 'refused') return parsed
  const draft: BundleDraft = {
    ...identityOf(parsed.fix),
    reweave: options.reweave,
    origin: { kind: 'written' },
    functions: [],
    forms: [
      {
        kind: 'splice',
        member: MEMBER_NAMES.fix,
        reasons: [],
        sideBySide: undefined,
        study: undefined,
      },
    ],
    payload: undefined,
    study: undefined,
    fix: text,
  }
  return { kind: 'bundled', bundle: writeBundle(draft, options.sha256) }
}

/** What a fix file and a manifest have in common. */
export function identityOf(fix: HotfixIdentity | Fix): HotfixIdentity {
  const { name, advisory, cves, title, base, onTopOf, labOnly, probe } = fix
  return { name, advisory, cves, title, base, onTopOf, labOnly, probe }
}
