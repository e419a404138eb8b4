/** The advisories that a text names: `XSA-438`, or the page `advisory-438.html`. In their order. */
export function xsaNumbersIn(text: string): readonly number[] {
  const found = text.matchAll(/\bXSA-([1-9]\d{0,6})\b|\badvisory-([1-9]\d{0,6})\.(?:html|txt)/gi)
  return [...new Set([...found].map((match) => Number(match[1] ?? match[2])))]
}
