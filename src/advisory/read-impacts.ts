import type { Impact, ImpactKind } from './advisory.ts'

/** Words that name an impact without doubt. A word that only hints at one is left alone. */
const WORDS: Readonly<Record<ImpactKind, RegExp>> = {
  'privilege-escalation':
    /\bprivilege[- ]escalation|\bescalat\w+ (?:of )?(?:\w+ ){0,2}privileges?|\belevat\w+ (?:\w+ ){0,2}privileges?/i,
  'denial-of-service':
    /\bdenial[- ]of[- ]service\b|\bDoS\b|\bcrash(?:es|ing)? (?:\w+ ){0,2}(?:host|hypervisor|Xen)\b/i,
  'information-leak':
    /\binformation leak(?:age|s)?\b|\bleak(?:s|ing)? (?:of )?(?:\w+ ){0,2}(?:information|data)\b|\bread sensitive data\b/i,
}

const DENIAL = /\b(?:no|not|never|cannot|unable|without)\b/i
const DENIED_DENIAL = /\b(?:cannot|can't|can not) (?:\w+ )?be (?:ruled out|excluded)\b/i

/**
 * The impacts that a text names in so many words, each with the sentence that does.
 *
 * A sentence that denies something is passed over, because the impact may be what it denies.
 */
export function impactsIn(text: string): readonly Impact[] {
  const impacts: Impact[] = []
  for (const sentence of sentencesOf(text)) {
    if (DENIAL.test(sentence) && !DENIED_DENIAL.test(sentence)) continue
    for (const [kind, words] of Object.entries(WORDS) as [ImpactKind, RegExp][]) {
      if (!words.test(sentence) || impacts.some((one) => one.kind === kind)) continue
      impacts.push({ kind, by: undefined, source: sentence })
    }
  }
  return impacts
}

/** The sentences of running text, each in one line. */
export function sentencesOf(text: string): readonly string[] {
  return text
    .split(/\n\s*\n/)
    .flatMap((paragraph) => paragraph.replaceAll(/\s+/g, ' ').split(/(?<=[.!?])\s+(?=[A-Z(])/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
}
