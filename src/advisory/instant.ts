import type { Instant } from './host-facts.ts'

/** A date as a source writes it, read or refused. */
export type InstantRead =
  | { readonly kind: 'instant'; readonly instant: Instant }
  | { readonly kind: 'not-a-date' }
  /** Xen's first release is of 2003: an earlier date is a slip, or a clock that was never set. */
  | { readonly kind: 'before-2000' }

const SHAPE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i

/**
 * Reads a date, or a date with its time.
 *
 * Without a zone it is UTC, as the Xen project writes its times. A date alone is its first moment.
 */
export function parseInstant(text: string): InstantRead {
  const match = SHAPE.exec(text.trim())
  if (match === null) return { kind: 'not-a-date' }
  const [
    ,
    year,
    month,
    day,
    hour = '00',
    minute = '00',
    second = '00',
    fraction = '0',
    zone = 'Z',
  ] = match
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const local = Date.parse(`${written}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
  // A day that its month lacks is moved into the next one by Date.parse(): no date is meant.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(written)) {
    return { kind: 'not-a-date' }
  }
  const moment = local - offsetMs(zone)
  if (moment < Date.UTC(2000, 0, 1)) return { kind: 'before-2000' }
  return { kind: 'instant', instant: new Date(moment).toISOString() }
}

/** Whether `text` is an instant in the one form that Reweave writes. */
export function isInstant(text: string): boolean {
  const read = parseInstant(text)
  return read.kind === 'instant' && read.instant === text
}

/** Milliseconds from `earlier` to `later`; negative if they are the other way round. */
export function msBetween(earlier: Instant, later: Instant): number {
  return Date.parse(later) - Date.parse(earlier)
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A span as people say it, in two units at most: `3 d 4 h`, `12 min`. */
export function describeSpan(ms: number): string {
  const whole = Math.abs(ms)
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`
  const [large, small] = whole < DAY ? [HOUR, MINUTE] : [DAY, HOUR]
  const [largeName, smallName] = whole < DAY ? ['h', 'min'] : ['d', 'h']
  const rest = Math.floor((whole % large) / small)
  return `${Math.floor(whole / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

function offsetMs(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  if (match === null) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return (match[1] === '-' ? -minutes : minutes) * MINUTE
}
