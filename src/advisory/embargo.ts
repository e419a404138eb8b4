import type { Advisory, Embargo } from './advisory.ts'
import { xsaName } from './advisory.ts'
import type { Instant } from './host-facts.ts'
import { describeSpan, isInstant, msBetween } from './instant.ts'

/**
 * What of an advisory a person may see.
 *
 * Every command, report and file takes its advisories through `viewOf()`. The embargoed view can
 * hold three facts and no others: the number, that there is an issue, and the planned day of its
 * disclosure. They are what the Xen project's security policy lets its list's members say before
 * the embargo ends (https://xenproject.org/developers/security-policy/, "Predisclosure list").
 *
 * @module
 */
export type AdvisoryView = WholeView | EmbargoedView

/** All of the advisory: it is public, or the reader is cleared. */
export interface WholeView {
  readonly kind: 'whole'
  readonly advisory: Advisory
  /** Whether it must stay with the reader. */
  readonly embargoed: boolean
}

/** What may be said of an embargoed advisory to anybody. */
export interface EmbargoedView {
  readonly kind: 'embargoed'
  readonly xsa: number
  /** Undefined where the date is not known, or is no date. */
  readonly disclosureAt: Instant | undefined
}

/** Who looks, and when. */
export interface Viewer {
  readonly cleared: boolean
  readonly now: Instant
}

export function viewOf(advisory: Advisory, viewer: Viewer): AdvisoryView {
  const embargoed = isEmbargoed(advisory.embargo, viewer.now)
  if (!embargoed || viewer.cleared) return { kind: 'whole', advisory, embargoed }
  return embargoedView(advisory.xsa, advisory.embargo.dates.A)
}

/** The three facts, and nothing that came in their place. */
export function embargoedView(xsa: number, disclosureAt: string | undefined): EmbargoedView {
  if (!Number.isSafeInteger(xsa) || xsa < 1) throw new RangeError('An advisory has a whole number')
  const date = disclosureAt !== undefined && isInstant(disclosureAt) ? disclosureAt : undefined
  return { kind: 'embargoed', xsa, disclosureAt: date }
}

/**
 * Whether the embargo stands.
 *
 * A planned date that has passed does not lift it, because disclosures are put off: somebody has
 * to record that the advisory was announced. One announced for a later time than `now` is embargoed.
 */
export function isEmbargoed(embargo: Embargo, now: Instant): boolean {
  switch (embargo.state) {
    case 'R':
    case 'T':
    case 'P':
      return true
    case 'A':
    case 'F':
    case 'X': {
      const announced = embargo.dates.A
      // Not before the announcement, and not where its date cannot be read.
      return announced !== undefined && !(msBetween(announced, now) >= 0)
    }
  }
}

/** Where an advisory stands on its way from report to deployment. */
export type EmbargoClock =
  | { readonly kind: 'no-date' }
  | { readonly kind: 'until-disclosure'; readonly at: Instant; readonly ms: number }
  /** The planned date has passed, and nobody has recorded the announcement. */
  | { readonly kind: 'overdue'; readonly at: Instant; readonly ms: number }
  | { readonly kind: 'public'; readonly at: Instant | undefined; readonly ms: number | undefined }

export function clockOf(view: AdvisoryView, now: Instant): EmbargoClock {
  const embargoed = view.kind === 'embargoed' || view.embargoed
  const at =
    view.kind === 'embargoed'
      ? view.disclosureAt
      : (view.advisory.embargo.dates.A ?? (embargoed ? undefined : view.advisory.publicAt))
  if (!embargoed) {
    return { kind: 'public', at, ms: at === undefined ? undefined : msBetween(at, now) }
  }
  if (at === undefined || !isInstant(at)) return { kind: 'no-date' }
  const ms = msBetween(now, at)
  return ms > 0 ? { kind: 'until-disclosure', at, ms } : { kind: 'overdue', at, ms: -ms }
}

/** `XSA-600: an issue exists; disclosure in 3 d 4 h (2026-12-01T12:00:00.000Z)`. */
export function describeClock(view: AdvisoryView, now: Instant): string {
  const clock = clockOf(view, now)
  const name = xsaName(view.kind === 'embargoed' ? view.xsa : view.advisory.xsa)
  switch (clock.kind) {
    case 'no-date':
      return `${name}: an issue exists; no disclosure date is known`
    case 'until-disclosure':
      return `${name}: an issue exists; disclosure in ${describeSpan(clock.ms)} (${clock.at})`
    case 'overdue':
      return (
        `${name}: an issue exists; disclosure was planned for ${clock.at}, ` +
        `${describeSpan(clock.ms)} ago, and is not recorded`
      )
    case 'public':
      return clock.at === undefined || clock.ms === undefined
        ? `${name}: public`
        : `${name}: public for ${describeSpan(clock.ms)} (since ${clock.at})`
  }
}

/** Whether a fix for it may go onto hosts now. */
export type Deployability =
  | { readonly kind: 'public' }
  | { readonly kind: 'permitted'; readonly sentence: string }
  | { readonly kind: 'refused'; readonly found: 'no' | 'unknown'; readonly sentence: string }

/**
 * Whether hosts may be mended: freely once it is public, and before that only with the security
 * team's permission on record, in its own words. A permission without its sentence is none.
 */
export function mayDeploy(advisory: Advisory, now: Instant): Deployability {
  if (!isEmbargoed(advisory.embargo, now)) return { kind: 'public' }
  const { permitted, sentence } = advisory.permission
  if (permitted === 'yes' && sentence !== undefined && sentence.trim() !== '') {
    return { kind: 'permitted', sentence }
  }
  const found = permitted === 'no' ? 'no' : 'unknown'
  return {
    kind: 'refused',
    found,
    sentence:
      found === 'no'
        ? `${xsaName(advisory.xsa)} may not be deployed before its disclosure`
        : `Whether ${xsaName(advisory.xsa)} may be deployed before its disclosure is not recorded`,
  }
}
