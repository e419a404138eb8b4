import { hex, virtualAddress } from '../address/address.ts'
import { parseBuildId } from '../image/build-id.ts'
import type { HotfixIdentity } from './hotfix-identity.ts'
import {
  count,
  flag,
  type FormProblem,
  list,
  object,
  oneOf,
  optional,
  parsed,
  readForm,
  type Reader,
  variant,
} from './json-form.ts'
import { FIX_LIMITS } from './fix-limits.ts'
import { printable } from './fix-problem.ts'
import {
  BUNDLE_FORMAT_VERSION,
  BUNDLE_LIMITS,
  type HotfixForm,
  type HotfixFunction,
  type HotfixManifest,
  type HotfixOrigin,
  MEMBER_NAMES,
} from './manifest.ts'
import { ADVISORY, CVE, NAME, type TextShape, TITLE, VERSION } from './text-shapes.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'

export type ManifestRead =
  | { readonly kind: 'read'; readonly manifest: HotfixManifest }
  | { readonly kind: 'unknown-format-version'; readonly found: number }
  | ({ readonly kind: 'malformed' } & FormProblem)

/**
 * The manifest's file: JSON with two spaces of indentation, for people too. Equal manifests give
 * equal files.
 */
export function encodeManifest(manifest: HotfixManifest): Uint8Array {
  const value: unknown = JSON.parse(JSON.stringify(manifest, writeAddress))
  // A manifest as read has its fields in one order, whoever put it together.
  const read = readForm(MANIFEST, value)
  const ordered = read.kind === 'read' ? read.value : value
  return utf8Bytes(`${JSON.stringify(ordered, writeAddress, 2)}\n`)
}

function writeAddress(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? hex(value) : value
}

/** Reads a manifest's file, strictly: no member too many, none too few. */
export function readManifest(bytes: Uint8Array): ManifestRead {
  if (bytes.byteLength > BUNDLE_LIMITS.manifestBytes) {
    return malformed(`${bytes.byteLength} bytes`, `at most ${BUNDLE_LIMITS.manifestBytes} bytes`)
  }
  const text = utf8Text(bytes)
  if (text === undefined) return malformed('bytes that are not UTF-8', 'UTF-8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return malformed('no JSON', 'JSON')
  }
  // Asked first: what else a later version holds is not known here.
  const version = versionOf(value)
  if (version !== undefined && version !== BUNDLE_FORMAT_VERSION) {
    return { kind: 'unknown-format-version', found: version }
  }
  const read = readForm(MANIFEST, value)
  if (read.kind === 'read') return { kind: 'read', manifest: read.value }
  const { field, found, wanted } = read
  return { kind: 'malformed', field, found, wanted }
}

function malformed(found: string, wanted: string): ManifestRead {
  return { kind: 'malformed', field: '', found, wanted }
}

function versionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const version: unknown = Object.getOwnPropertyDescriptor(value, 'formatVersion')?.value
  return typeof version === 'number' ? version : undefined
}

/** Text in one line, as `shape` wants it. */
function line({ wanted, longest, pattern }: TextShape): Reader<string> {
  return parsed(`${wanted}, at most ${longest} characters`, (value) => {
    const plain = value !== '' && value.length <= longest && printable(value) === value
    return plain && (pattern === undefined || pattern.test(value)) ? value : undefined
  })
}

const ADDRESS = /^0x[1-9a-f][0-9a-f]{0,15}$/
const SHA256 = /^[0-9a-f]{64}$/

const name = line(NAME)
const plainLine = line({ wanted: 'one line', longest: BUNDLE_LIMITS.textLength })
const sha256 = parsed('64 hexadecimal digits', (value) => (SHA256.test(value) ? value : undefined))
const address = parsed('an address', (value) =>
  ADDRESS.test(value) ? virtualAddress(BigInt(value)) : undefined,
)
const buildId = parsed('a build-id', (value) => {
  const id = parseBuildId(value)
  return id === value ? id : undefined
})
const member = oneOf(MEMBER_NAMES.payload, MEMBER_NAMES.fix)
const anyMember = oneOf(MEMBER_NAMES.payload, MEMBER_NAMES.study, MEMBER_NAMES.fix)
const release = line({
  wanted: 'a release of Xen, such as 4.17',
  longest: 20,
  pattern: /^\d+\.\d+$/,
})

const MANIFEST: Reader<HotfixManifest> = object<HotfixManifest>({
  formatVersion: oneOf(BUNDLE_FORMAT_VERSION),
  reweave: line(VERSION),
  name,
  advisory: optional(line(ADVISORY)),
  cves: list(line(CVE), FIX_LIMITS.cves),
  title: line(TITLE),
  base: object<HotfixIdentity['base']>({ buildId, version: line(VERSION) }),
  onTopOf: optional(name),
  labOnly: flag,
  probe: optional(name),
  origin: variant<HotfixOrigin>({
    'source-patch': object({
      kind: oneOf('source-patch'),
      patch: object({ file: plainLine, sha256 }),
      compiler: plainLine,
    }),
    written: object({ kind: oneOf('written') }),
  }),
  functions: list(
    object<HotfixFunction>({
      name: plainLine,
      file: optional(plainLine),
      kind: oneOf('changed', 'added'),
      oldAddress: optional(address),
      oldByteLength: optional(count),
      newByteLength: count,
    }),
    BUNDLE_LIMITS.functions,
  ),
  forms: list(
    variant<HotfixForm>({
      livepatch: object({
        kind: oneOf('livepatch'),
        member,
        payloadVersion: oneOf(1, 2),
        payloadBuildId: buildId,
        interfaces: list(release, BUNDLE_LIMITS.interfaces),
      }),
      splice: object({
        kind: oneOf('splice'),
        member,
        reasons: list(
          line({ wanted: 'a reason in one line', longest: BUNDLE_LIMITS.reasonLength }),
          BUNDLE_LIMITS.reasons,
        ),
        sideBySide: optional(
          line({ wanted: 'a reason in one line', longest: BUNDLE_LIMITS.reasonLength }),
        ),
        study: optional(oneOf(MEMBER_NAMES.study)),
      }),
    }),
    2,
  ),
  members: list(object({ name: anyMember, byteLength: count, sha256 }), 3),
})
