/** What a patch says of itself, in the text in front of its first change. */
export interface PatchIdentity {
  /** `XSA-506`. Undefined where none, or several, are named as the patch's own. */
  readonly advisory: string | undefined
  readonly cves: readonly string[]
  /** The subject, without `[PATCH 1/2]`. Undefined where there is none. */
  readonly title: string | undefined
}

/** Begins the first change in patches as git and diff write them. */
const FIRST_CHANGE = /^(?:diff --git |Index: |--- (?!$))/m
/** The Xen project ends a fix's message so: `This is XSA-506 / CVE-2026-62433.` */
const OWN_NUMBERS = /^This is (?:part of )?((?:(?:XSA-\d+|CVE-\d{4}-\d+)[ ,/and]*)+)/gm

/**
 * Reads the advisory, the CVE numbers and the title that a patch's message gives.
 *
 * Only the sentence `This is XSA-n / CVE-n` counts: a message may name other advisories, for one
 * those whose fixes it corrects.
 */
export function readPatchIdentity(patch: string): PatchIdentity {
  const message = patch.slice(0, FIRST_CHANGE.exec(patch)?.index ?? patch.length)
  const own = [...message.matchAll(OWN_NUMBERS)].map(([, numbers]) => numbers ?? '').join(' ')
  const advisories = unique(own.match(/XSA-\d+/g) ?? [])
  return {
    advisory: advisories.length === 1 ? advisories[0] : undefined,
    cves: unique(own.match(/CVE-\d{4}-\d+/g) ?? []),
    title: readTitle(message),
  }
}

function readTitle(message: string): string | undefined {
  // RFC 5322, 2.2.3: a line that begins with a space continues the field before it.
  const subject = /^Subject:((?:[^\n]*)(?:\n[ \t][^\n]*)*)/m.exec(message)?.[1]
  if (subject === undefined) return undefined
  const title = subject
    .replace(/\s+/g, ' ')
    .replace(/^\s*(?:\[[^\]]*\]\s*)*/, '')
    .trim()
  return title === '' ? undefined : title
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)]
}
