import type { LineChange, PatchedFile } from './patched-file.ts'
import { scanFileScope } from './scan-file-scope.ts'

// xen/include/xen/init.h: functions and data of boot are marked with one of these, or are put into
// a section of that name outright.
const MARK = /\b__(?:hwdom_)?init\w*\b|"\.init\b/

/**
 * Whether a patch edits a definition or declaration of a file that is marked as boot's.
 *
 * What has no mark counts as code for any time, also where boot alone happens to call it.
 */
export function editsInit({ before, after, changes }: PatchedFile): boolean {
  const removed = changes.map(({ oldLine, oldCount }) => [oldLine, oldCount] as const)
  const added = changes.map(({ newLine, newCount }) => [newLine, newCount] as const)
  return touchesMarked(before, removed) || touchesMarked(after, added)
}

type Span = readonly [LineChange['oldLine'], LineChange['oldCount']]

function touchesMarked(text: string | undefined, spans: readonly Span[]): boolean {
  if (text === undefined) return false
  const lines = text.split('\n')
  const places = scanFileScope(lines)
  let start = 0
  for (let end = 1; end <= lines.length; end += 1) {
    if (end < lines.length && places[end]?.isHarmless !== true) continue
    const isTouched = spans.some(([line, count]) => line <= end && line + count > start + 1)
    if (isTouched && MARK.test(headOf(lines.slice(start, end)))) return true
    start = end
  }
  return false
}

/** A function's definition up to its body, the whole of anything else. */
function headOf(lines: readonly string[]): string {
  const body = lines.findIndex((line) => /^\{|\)\s*\{\s*$/.test(line))
  return lines.slice(0, body === -1 ? lines.length : body + 1).join('\n')
}
