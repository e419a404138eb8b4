/** As wide as a terminal mostly is, and Reweave's own pages are. */
const WIDTH = 100

/** What stands before the first line, and by how many blanks the others are indented. */
export interface Indentation {
  readonly first: string
  readonly rest: number
}

/**
 * A text in lines of at most 100 characters, broken between words. A line that the text breaks
 * itself, as a compiler's message does, stays whole; a word that is longer than a line does too.
 */
export function wrapText(text: string, { first, rest }: Indentation): string[] {
  const [opening = '', ...quoted] = text.split('\n')
  const indent = ' '.repeat(rest)
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of opening.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line, ...quoted.map((each) => `${indent}${each}`)]
}
