import type { Bundle } from './bundle.ts'

/**
 * Whether two hotfixes put the same bytes into the same build.
 *
 * Titles, comments and who made the bundle may differ.
 */
export function sameContent(a: Bundle, b: Bundle): boolean {
  return contentOf(a) === contentOf(b)
}

function contentOf({ manifest, fix }: Bundle): string {
  const { name, base, onTopOf, members } = manifest
  const payload = members.find((member) => member.name === 'payload.livepatch')?.sha256
  const changes = fix?.changes.map((change) => ({ ...change, why: '' }))
  const value = { name, buildId: base.buildId, onTopOf, payload, changes }
  return JSON.stringify(value, (_name, each: unknown) =>
    each instanceof Uint8Array ? [...each] : each,
  )
}
