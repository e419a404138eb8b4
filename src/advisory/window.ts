import type { Truth } from './condition.ts'
import type { Instant } from './host-facts.ts'
import { describeSpan, msBetween } from './instant.ts'

/** Whether an advisory's hole was open on a host when the host was looked at. */
export interface Sighting {
  readonly host: string
  readonly at: Instant
  readonly open: Truth
}

/**
 * How long a host stood open to what everybody could know: from the announcement (A) until its hole
 * was closed in what runs (X).
 *
 * X is the first time that the host was *seen* closed and was not seen open again: the hole was
 * closed at that moment or before, so a window is never told shorter than it was.
 */
export type HostWindow =
  /** It was closed when it was first looked at, and nothing says since when. */
  | { readonly kind: 'never-seen-open' }
  | { readonly kind: 'closed'; readonly at: Instant; readonly ms: number }
  | { readonly kind: 'open'; readonly ms: number }
  | { readonly kind: 'unknown' }

/** A window, from all sightings of one host. Their order does not matter. */
export function windowOf(
  sightings: readonly Sighting[],
  times: { readonly announcedAt: Instant; readonly now: Instant },
): HostWindow {
  const known = sightings
    .filter(({ open }) => open !== 'unknown')
    .toSorted((a, b) => msBetween(b.at, a.at) || a.open.localeCompare(b.open))
  const last = known.at(-1)
  if (last === undefined) return { kind: 'unknown' }
  if (last.open === 'true') {
    return { kind: 'open', ms: Math.max(0, msBetween(times.announcedAt, times.now)) }
  }
  const lastOpen = known.findLastIndex(({ open }) => open === 'true')
  const closed = known[lastOpen + 1]
  if (lastOpen === -1 || closed === undefined) return { kind: 'never-seen-open' }
  return { kind: 'closed', at: closed.at, ms: Math.max(0, msBetween(times.announcedAt, closed.at)) }
}

/** Sightings that add to those on record: the first of a host, and each change. */
export function newSightings(
  recorded: readonly Sighting[],
  seen: readonly Sighting[],
): readonly Sighting[] {
  const latest = new Map<string, Sighting>()
  for (const one of recorded) {
    const known = latest.get(one.host)
    if (known === undefined || one.at >= known.at) latest.set(one.host, one)
  }
  return seen.filter(({ host, at, open }) => {
    const known = latest.get(host)
    return known === undefined || (at > known.at && open !== known.open)
  })
}

export function describeWindow(window: HostWindow): string {
  switch (window.kind) {
    case 'never-seen-open':
      return 'closed whenever it was looked at'
    case 'closed':
      return window.ms === 0
        ? `closed before the announcement (${window.at})`
        : `stood open for ${describeSpan(window.ms)} at most, until ${window.at}`
    case 'open':
      return `open, for ${describeSpan(window.ms)} since the announcement`
    case 'unknown':
      return 'not known to be open or closed'
  }
}
