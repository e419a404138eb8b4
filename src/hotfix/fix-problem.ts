/** One thing that is wrong with a fix file, and where. */
export interface FixProblem {
  /** The field's path, such as `changes[0].expect`; empty for the file as a whole. */
  readonly field: string
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly column: number
  /** What stands there, shortened, with control characters escaped. */
  readonly found: string
  readonly wanted: string
  /** One sentence for people, without the place. */
  readonly sentence: string
}

/** `line 12, changes[0].expect: …`, one line for people. */
export function describeFixProblem(problem: FixProblem): string {
  const field = problem.field === '' ? '' : `, ${problem.field}`
  return (
    `line ${problem.line}:${problem.column}${field}: ${problem.sentence} ` +
    `(found ${problem.found}, wanted ${problem.wanted})`
  )
}

const MOST_QUOTED = 60

/** `text` as a problem quotes it: shortened and printable. */
export function quoted(text: string): string {
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text
  return `'${printable(short)}'`
}

/** `text` with everything that could steer a terminal written as an escape. */
export function printable(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** Control, format, private and unpaired characters, and the Unicode line ends. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu
