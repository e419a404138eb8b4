/**
 * Versions of Xen and of what goes with it, in order as far as they have one.
 *
 * `4.17.5` is a release, `4.17.5+72` is 72 commits after it on its stable branch, `4.17.6-rc1` a
 * candidate. `4.17.6-pre` (what a stable branch calls itself after 4.17.5) and `4.18-unstable`
 * name a stretch of history: they lie somewhere between two points, so that some comparisons with
 * them have no answer. What follows the version (`-g01140da4e8-1`, `-41-amd64`) does not order.
 *
 * @module
 */

/** A stretch of one history: a point where `first` and `last` are the same object. */
export interface XenVersion {
  /** `4.17`. */
  readonly branch: string
  readonly first: Point
  readonly last: Point
}

/** Numbers, compared from the left: major, minor, patch, candidate (or Infinity), commits. */
type Point = readonly [number, number, number, number, number]

const SHAPE =
  /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:\.\d{1,6})*(?:-(?:rc(\d{1,4})|(pre|unstable))\b)?(?:\+(\d{1,7})(?![\w.]))?/

/** The version at the start of `text`, or undefined if there is none. */
export function parseXenVersion(text: string): XenVersion | undefined {
  const match = SHAPE.exec(text.trim())
  if (match === null) return undefined
  const major = Number(match[1])
  const minor = Number(match[2])
  const patch = Number(match[3] ?? 0)
  const branch = `${major}.${minor}`
  if (match[5] !== undefined) {
    const last: Point = [major, minor, patch, 0, -1]
    return { branch, first: startOfDevelopment(major, minor, patch), last }
  }
  const candidate = match[4] === undefined ? Infinity : Number(match[4])
  const point: Point = [major, minor, patch, candidate, Number(match[6] ?? 0)]
  return { branch, first: point, last: point }
}

/** What is developed towards a release comes after the release before it. */
function startOfDevelopment(major: number, minor: number, patch: number): Point {
  if (patch > 0) return [major, minor, patch - 1, Infinity, 0]
  return [major, Math.max(minor - 1, 0), 0, 0, 0]
}

/** Negative, zero or positive as `a` is earlier, the same or later; undefined if neither is certain. */
export function compareXenVersions(a: XenVersion, b: XenVersion): number | undefined {
  if (isPoint(a) && isPoint(b)) return comparePoints(a.first, b.first)
  // A stretch begins after its first point, which is the end of the release before it.
  if (comparePoints(a.last, b.first) <= (isPoint(b) ? -1 : 0)) return -1
  if (comparePoints(b.last, a.first) <= (isPoint(a) ? -1 : 0)) return 1
  return undefined
}

function isPoint({ first, last }: XenVersion): boolean {
  return first === last
}

function comparePoints(a: Point, b: Point): number {
  return (
    compareNumbers(a[0], b[0]) ||
    compareNumbers(a[1], b[1]) ||
    compareNumbers(a[2], b[2]) ||
    compareNumbers(a[3], b[3]) ||
    compareNumbers(a[4], b[4])
  )
}

function compareNumbers(a: number, b: number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
