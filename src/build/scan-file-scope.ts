/**
 * Where between two lines of C a preprocessor directive changes nothing but line numbers.
 *
 * @module
 */

/** The place before a line. */
export interface LinePlace {
  /**
   * At file scope behind a whole declaration or directive: not in a comment, a string, a
   * continued line, parentheses or braces.
   */
  readonly isHarmless: boolean
  /** Inside of `#if` … `#endif`, other than the guard around a whole header. */
  readonly isConditional: boolean
}

interface Scan {
  inComment: boolean
  /** The line before ends with a backslash. */
  continued: boolean
  inDirective: boolean
  braces: number
  parentheses: number
  /** The last character that is neither blank nor comment, outside of directives. */
  last: string
  /** For each open `#if`: the braces and parentheses at its start. */
  conditionals: { readonly braces: number; readonly parentheses: number }[]
}

/** The place before each line, in order. */
export function scanFileScope(lines: readonly string[]): readonly LinePlace[] {
  const guard = hasGuard(lines) ? 1 : 0
  const scan: Scan = {
    inComment: false,
    continued: false,
    inDirective: false,
    braces: 0,
    parentheses: 0,
    last: ';',
    conditionals: [],
  }
  return lines.map((line) => {
    const isHarmless =
      !scan.inComment &&
      !scan.continued &&
      scan.braces === 0 &&
      scan.parentheses === 0 &&
      (scan.last === ';' || scan.last === '}')
    const place = { isHarmless, isConditional: scan.conditionals.length > guard }
    scanLine(scan, line)
    return place
  })
}

function scanLine(scan: Scan, line: string): void {
  if (!scan.continued) {
    scan.inDirective = !scan.inComment && /^\s*#/.test(line)
    if (scan.inDirective) enterDirective(scan, line)
    // By Xen's style nothing but the end of a definition is a brace in the first column, so what
    // a macro with half a block did to the count ends here.
    else if (!scan.inComment && line.startsWith('}'))
      Object.assign(scan, { braces: 1, parentheses: 0 })
  }
  scanCharacters(scan, line)
  scan.continued = /\\\r?\n?$/.test(line)
}

/** Both branches of a conditional begin with the braces that were open before it. */
function enterDirective(scan: Scan, line: string): void {
  const [, name = ''] = /^\s*#\s*([a-z]+)/.exec(line) ?? []
  const { braces, parentheses, conditionals } = scan
  if (/^if(?:n?def)?$/.test(name)) conditionals.push({ braces, parentheses })
  else if (name === 'else' || name === 'elif') Object.assign(scan, conditionals.at(-1))
  else if (name === 'endif') conditionals.pop()
}

function scanCharacters(scan: Scan, line: string): void {
  for (let at = 0; at < line.length; at += 1) {
    const two = line.slice(at, at + 2)
    const character = line[at] ?? ''
    if (scan.inComment) {
      if (two === '*/') {
        scan.inComment = false
        at += 1
      }
    } else if (two === '/*') {
      scan.inComment = true
      at += 1
    } else if (two === '//') {
      return
    } else if (character === '"' || (character === "'" && !scan.inDirective)) {
      at = endOfLiteral(line, at)
      if (!scan.inDirective) scan.last = character
    } else if (!scan.inDirective && /\S/.test(character) && character !== '\\') {
      scanToken(scan, character)
    }
  }
}

function scanToken(scan: Scan, character: string): void {
  if (character === '{') scan.braces += 1
  else if (character === '}') scan.braces = Math.max(scan.braces - 1, 0)
  else if (character === '(') scan.parentheses += 1
  else if (character === ')') scan.parentheses = Math.max(scan.parentheses - 1, 0)
  scan.last = character
}

/** The index of the closing quote, or of the line's end. */
function endOfLiteral(line: string, start: number): number {
  for (let at = start + 1; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1
    else if (line[at] === line[start]) return at
  }
  return line.length
}

/** Whether the whole file stands between `#ifndef` and `#endif`. */
function hasGuard(lines: readonly string[]): boolean {
  const directives = lines.filter((line) => /^\s*#/.test(line))
  return (
    /^\s*#\s*ifndef\s/.test(directives[0] ?? '') && /^\s*#\s*endif/.test(directives.at(-1) ?? '')
  )
}
