/**
 * What a bundle says of itself, in its first member.
 *
 * @module
 */

import type { VirtualAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
import type { PayloadVersion } from '../payload/payload.ts'
import type { HotfixIdentity } from './hotfix-identity.ts'

/** Raised when an older Reweave could misread the file. */
export const BUNDLE_FORMAT_VERSION = 1

/** How a hotfix came about. */
export type HotfixOrigin =
  | {
      readonly kind: 'source-patch'
      readonly patch: { readonly file: string; readonly sha256: string }
      /** As the compiler names itself, with its version. */
      readonly compiler: string
    }
  /** Changes to machine code, written by hand. */
  | { readonly kind: 'written' }

/** A function of the hypervisor that gets other code, or one that comes new. */
export interface HotfixFunction {
  readonly name: string
  /** For a static function, its source file: `common/dm.c`. */
  readonly file: string | undefined
  readonly kind: 'changed' | 'added'
  /** Where the changed function is in the base. */
  readonly oldAddress: VirtualAddress | undefined
  readonly oldByteLength: number | undefined
  readonly newByteLength: number
}

/** One way in which a bundle can get into the hypervisor. */
export type HotfixForm =
  /** Xen's own loader takes the payload as it is. */
  | {
      readonly kind: 'livepatch'
      readonly member: string
      readonly payloadVersion: PayloadVersion
      readonly payloadBuildId: BuildId
      /** The releases of Xen that take this layout: `4.14`, `4.15`. */
      readonly interfaces: readonly string[]
    }
  /** Reweave links the code to free places of the running hypervisor, and switches the entries. */
  | {
      readonly kind: 'splice'
      readonly member: string
      /** Why there is no such form; empty where there is one. */
      readonly reasons: readonly string[]
      /**
       * Why old and new code may run at the same time, in the words of whoever built it: processors
       * inside an old function finish it. Undefined where nobody judged.
       */
      readonly sideBySide: string | undefined
      /** What was found of the build for the payload; see splice-study.ts. None for a fix. */
      readonly study: string | undefined
    }

/** A file of the bundle. */
export interface BundleMember {
  readonly name: string
  readonly byteLength: number
  readonly sha256: string
}

export interface HotfixManifest extends HotfixIdentity {
  readonly formatVersion: typeof BUNDLE_FORMAT_VERSION
  /** The release of Reweave that made the bundle. */
  readonly reweave: string
  readonly origin: HotfixOrigin
  /** Empty for a written fix, whose changes name places. */
  readonly functions: readonly HotfixFunction[]
  readonly forms: readonly HotfixForm[]
  /** All but the manifest itself and the list of sums, in the order of the file. */
  readonly members: readonly BundleMember[]
}

/** What there can be in a bundle, in the order of the file. */
export const MEMBER_NAMES = {
  manifest: 'manifest.json',
  payload: 'payload.livepatch',
  study: 'splice.json',
  fix: 'fix.yaml',
  sums: 'SHA256SUMS',
} as const

/** How large the parts of a bundle may be. Documented in `docs/formats/hotfix.md`. */
export const BUNDLE_LIMITS = {
  /** The largest payload that is known to have been shipped had 418 KB. */
  bundleBytes: 32 * 1024 * 1024,
  manifestBytes: 4 * 1024 * 1024,
  studyBytes: 4 * 1024 * 1024,
  functions: 4096,
  unrunnable: 16384,
  /** UTF-16 units of a symbol, a file name, a compiler's name. */
  textLength: 300,
  reasons: 1000,
  reasonLength: 2000,
  interfaces: 100,
} as const
