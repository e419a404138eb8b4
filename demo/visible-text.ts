/**
 * A text with nothing in it that acts on the page or the terminal that shows it.
 *
 * Control characters (a terminal's escape among them), the marks that turn the direction of what
 * follows, half surrogates and non-characters become U+FFFD. Tabs and line breaks become spaces.
 */
export function visibleText(text: string): string {
  return text
    .replaceAll(/[\t\n\r]+/g, ' ')
    .toWellFormed()
    .replaceAll(UNSEEN, '\ufffd')
}

// Cc; the bidirectional controls of Unicode's UAX #9, section 2; the non-characters of the
// Unicode Standard, section 23.7.
const UNSEEN =
  /\p{Cc}|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef]|\p{Noncharacter_Code_Point}/gu
