import type { BuildId } from '../image/build-id.ts'

/** Where a host of XenServer's kind looks for a payload, from the folder of all payloads on. */
export interface ExportNames {
  /** The folder: the build-id of the Xen that the payload is for. */
  readonly folder: BuildId
  /** The payload's file in it. */
  readonly file: string
  /** The name under which xapi loads it: a symbolic link to `file`. */
  readonly link: string
}

/**
 * The names that xapi expects below `/usr/lib/xen-livepatch` (xapi-project/xen-api,
 * ocaml/xapi/livepatch.ml; xcp-ng-rpms/xen-livepatch, SPECS/xen-livepatch.spec).
 *
 * There is one link for each build of Xen, so the payload behind it has all fixes for that build.
 * Undefined where `name` cannot be part of a file's name: letters, digits, `.`, `_`, `+` and `-`.
 */
export function exportNames(base: BuildId, name: string): ExportNames | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/.test(name)) return undefined
  return { folder: base, file: `lp_${name}.livepatch`, link: 'livepatch.livepatch' }
}
