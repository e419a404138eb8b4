import { createHash } from 'node:crypto'

/** SHA-256 in lower-case hexadecimal: what the pure reading of bundles is given. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
