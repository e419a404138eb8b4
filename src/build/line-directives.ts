/**
 * `#line` directives behind what a patch changed, so that `__LINE__` keeps its value elsewhere.
 *
 * Xen puts line numbers into its bug frames and messages. Lines that a patch adds would move the
 * number of every assertion below, and with it functions that nobody touched. Behind each change,
 * at the next place where a directive is harmless, one is put that says which line of the old
 * file comes next. See docs/design/0008-line-numbers-stand-still.md.
 *
 * @module
 */
import { splitLines } from './parse-patch.ts'
import type { LineChange } from './patched-file.ts'
import { scanFileScope } from './scan-file-scope.ts'

/**
 * The text with directives behind the changes; unchanged where no line moved.
 *
 * `text` is the file after the patch. Where no harmless place follows a change, nothing is put, and
 * the numbers below it are those of the new file.
 */
export function keepLineNumbers(text: string, changes: readonly LineChange[]): string {
  if (changes.every(({ oldCount, newCount }) => oldCount === newCount)) return text
  const lines = splitLines(text)
  const places = scanFileScope(lines)
  const result: string[] = []
  /** Whether the line before has the number that it had. */
  let isRight = true
  let drift = 0
  let next = 0
  for (const [index, line] of lines.entries()) {
    const newLine = index + 1
    let change = changes[next]
    while (change !== undefined && change.newLine + change.newCount <= newLine) {
      // A directive before the change said what comes next; the change has moved it again.
      drift += change.newCount - change.oldCount
      isRight = isRight && change.newCount === change.oldCount
      next += 1
      change = changes[next]
    }
    const isInside = change !== undefined && newLine >= change.newLine
    const place = places[index]
    if (!isRight && !isInside && place?.isHarmless === true) {
      result.push(`#line ${newLine - drift}\n`)
      // Inside a conditional it may be passed over: another is needed behind that.
      isRight = !place.isConditional
    }
    result.push(line)
  }
  return result.join('')
}
