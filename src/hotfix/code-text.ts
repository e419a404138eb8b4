import type { Code, Relocation } from './fix.ts'
import { FIX_LIMITS } from './fix-limits.ts'
import { PLACE_WANTED, parsePlace } from './place-text.ts'

/** Something in the text of bytes that is neither a byte nor a hole. */
export interface CodeTextProblem {
  /** Counted from 0, in the text. */
  readonly line: number
  /** Counted from 0, in the line. */
  readonly column: number
  readonly found: string
  readonly wanted: string
  readonly sentence: string
}

export interface CodeText extends Code {
  readonly problems: readonly CodeTextProblem[]
}

const HOLE_BYTES = { pc32: 4, abs64: 8 } as const

// Sticky, so that the text is gone through once from left to right and in linear time. A hole
// comes before a comment because `file.c#symbol` holds a number sign.
const TOKEN = /[ \t]+|\{[^{}\n]*\}|#.*|[^\s{}#]+|[{}]|\s/uy
const HOLE = /^\{ *([a-z0-9]+) +([^ ]+) *\}$/
const BYTE = /^[0-9a-fA-F]{2}$/

/**
 * Reads bytes written as pairs of hexadecimal digits with space between them.
 *
 * A number sign begins a comment that ends with the line. `{pc32 PLACE}` and `{abs64 PLACE}` are
 * holes of 4 and 8 zero bytes with a relocation each.
 */
export function readCodeText(text: string): CodeText {
  const bytes: number[] = []
  const relocations: Relocation[] = []
  const problems: CodeTextProblem[] = []
  for (const [line, content] of text.split('\n').entries()) {
    TOKEN.lastIndex = 0
    let spaceBefore = true
    for (let match = TOKEN.exec(content); match !== null; match = TOKEN.exec(content)) {
      const token = match[0]
      const report = (wanted: string, sentence: string): void => {
        problems.push({ line, column: match.index, found: token, wanted, sentence })
      }
      const isSpace = token.trim() === ''
      if (isSpace || token.startsWith('#')) {
        spaceBefore = isSpace
        continue
      }
      if (!spaceBefore) report('space before it', 'Bytes and holes have space between them')
      spaceBefore = false
      if (BYTE.test(token)) {
        bytes.push(Number.parseInt(token, 16))
      } else if (token.startsWith('{')) {
        const relocation = readHole(token, bytes.length, report)
        if (relocation === undefined) continue
        relocations.push(relocation)
        for (let i = 0; i < HOLE_BYTES[relocation.kind]; i++) bytes.push(0)
      } else {
        report('pairs of hexadecimal digits', 'This is no byte')
      }
    }
  }
  return { bytes: Uint8Array.from(bytes), relocations, problems }
}

function readHole(
  token: string,
  at: number,
  report: (wanted: string, sentence: string) => void,
): Relocation | undefined {
  const [, kind, target] = HOLE.exec(token) ?? []
  if (target === undefined || (kind !== 'pc32' && kind !== 'abs64')) {
    report('{pc32 PLACE} or {abs64 PLACE}', 'This is no relocation')
    return undefined
  }
  const place = parsePlace(target, FIX_LIMITS.symbolLength)
  if (place === undefined) {
    report(PLACE_WANTED, 'The relocation names no place')
    return undefined
  }
  return { at, kind, target: place }
}

/** How many bytes a relocation's hole has. */
export function holeBytes(relocation: Relocation): number {
  return HOLE_BYTES[relocation.kind]
}
