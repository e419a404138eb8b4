import type { Beat, Gap } from '../lab/heartbeat.ts'
import { linearScale, roundValues, type Scale, spreadLabels } from './chart-scale.ts'
import { html, type Html } from './html.ts'
import { type PhaseGaps, phaseTitle } from './phase-gaps.ts'
import { isMeasured, millisecondsText, secondsText, wholeText } from './quantity-text.ts'

/** What is drawn of one guest. */
export interface HeartbeatDrawing {
  /** Unlike any other id of the page; letters, digits and dashes. */
  readonly id: string
  readonly title: string
  readonly description: string
  /** In the order of time. */
  readonly beats: readonly Beat[]
  readonly rows: readonly PhaseGaps[]
  /** The stretch of time that is drawn: the same one for all guests. */
  readonly time: { readonly from: number; readonly to: number }
  /** What the axis of the gaps must reach, so that all guests' charts have one scale. */
  readonly topMs: number
}

const WIDTH = 1000
const LEFT = 46
const RIGHT = 992
/** The phases' labels: three lines, 22, 38 and 53 below the top. */
const LABELS = { name: 14, longest: 31, allowed: 46, bottom: 54, width: 122 }
const PLOT = { top: 74, bottom: 224 }
const STRIP = { top: 234, bottom: 248 }
const AXIS = 264
const HEIGHT = 290
/** Columns in which beats and gaps are drawn: two to a unit, so that a sharp screen shows all. */
const COLUMNS = (RIGHT - LEFT) * 2

/**
 * A guest's heartbeats over the whole time, as an SVG.
 *
 * Above, the length of the gap that each moment lies in; below, a tick for each beat. Phases are
 * shaded and carry their longest gap and what was allowed. No gap gets lost for being narrow: a
 * column shows the longest gap that touches it.
 */
export function drawHeartbeat(drawing: HeartbeatDrawing): Html {
  const { id, rows, beats } = drawing
  const x = linearScale(drawing.time, { from: LEFT, to: RIGHT })
  const y = linearScale({ from: 0, to: drawing.topMs }, { from: PLOT.bottom, to: PLOT.top })
  return html`<svg
    class="heartbeat"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-labelledby="${id}-title ${id}-desc"
  >
    <title id="${id}-title">${drawing.title}</title>
    <desc id="${id}-desc">${drawing.description}</desc>
    ${rows.map((row) => drawBand(row, x))} ${drawGapAxis(y)} ${drawTimeAxis(x)}
    <path class="gaps" d="${gapOutline(gapsToDraw(drawing), x, y)}" />
    <path class="beats" d="${beatTicks(beats, x)}" />
    ${rows.map((row) => drawAllowed(row, x, y))} ${rows.map((row) => drawLongest(row, x, y))}
    ${drawLabels(rows, x)}
  </svg>`
}

function drawBand({ phase }: PhaseGaps, x: Scale): Html {
  const left = x.at(phase.fromMs)
  const width = Math.max(x.at(phase.toMs) - left, 1)
  const height = STRIP.bottom - PLOT.top
  return html`<rect
    class="band ${phase.name}"
    x="${short(left)}"
    y="${PLOT.top}"
    width="${short(width)}"
    height="${height}"
  /> `
}

function drawGapAxis(y: Scale): Html {
  const lines = roundValues(y, 4).map((value) => {
    const at = short(y.at(value))
    return html`<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${at}" y2="${at}" /><text
        class="tick"
        x="${LEFT - 6}"
        y="${at}"
        dy="4"
        text-anchor="end"
        >${wholeText(value)}</text
      > `
  })
  return html`${lines}<text class="tick" x="${LEFT - 6}" y="${PLOT.top - 8}" text-anchor="end"
      >ms</text
    >
    <text class="tick" x="${LEFT - 6}" y="${STRIP.bottom - 3}" text-anchor="end">beats</text>`
}

function drawTimeAxis(x: Scale): Html {
  const seconds = linearScale({ from: 0, to: (x.to - x.from) / 1000 }, { from: LEFT, to: RIGHT })
  const ticks = roundValues(seconds, 10).map((value) => {
    const at = short(seconds.at(value))
    return html`<line
        class="grid"
        x1="${at}"
        x2="${at}"
        y1="${STRIP.bottom}"
        y2="${STRIP.bottom + 4}"
      /><text class="tick" x="${at}" y="${AXIS}" text-anchor="middle">${short(value)}</text> `
  })
  return html`${ticks}<text
      class="tick"
      x="${(LEFT + RIGHT) / 2}"
      y="${AXIS + 18}"
      text-anchor="middle"
      >seconds</text
    >`
}

function drawAllowed({ phase, allowedMs }: PhaseGaps, x: Scale, y: Scale): Html | undefined {
  if (!isMeasured(allowedMs)) return undefined
  const at = short(y.at(allowedMs))
  const left = x.at(phase.fromMs)
  const right = Math.max(x.at(phase.toMs), left + 1)
  return html`<line
    class="allowed"
    x1="${short(left)}"
    x2="${short(right)}"
    y1="${at}"
    y2="${at}"
  /> `
}

function drawLongest({ longest, verdict }: PhaseGaps, x: Scale, y: Scale): Html | undefined {
  if (longest === undefined) return undefined
  const middle = (x.at(longest.fromMs) + x.at(longest.toMs)) / 2
  return html`<circle
    class="longest ${verdict}"
    cx="${short(middle)}"
    cy="${short(y.at(longest.ms))}"
    r="4"
  /> `
}

function drawLabels(rows: readonly PhaseGaps[], x: Scale): readonly Html[] {
  const middles = rows.map(({ phase }) => (x.at(phase.fromMs) + x.at(phase.toMs)) / 2)
  // Wishes must rise, and phases that lie within one another have middles that need not.
  const order = rows.map((_, index) => index).toSorted((a, b) => at(middles, a) - at(middles, b))
  const centres = spreadLabels(
    order.map((index) => at(middles, index)),
    { from: 0, to: WIDTH },
    LABELS.width,
  )
  return order.map((index, position) => {
    const row = rows[index]
    if (row === undefined) return html``
    const centre = short(at(centres, position))
    const middle = short(at(middles, index))
    return html`<g class="label ${row.phase.name}"
      ><path
        class="leader"
        d="M${centre} ${LABELS.bottom}L${middle} ${PLOT.top}"
      />${labelLine('name', centre, LABELS.name, phaseTitle(row.phase.name))}${labelLine(`value ${row.verdict}`, centre, LABELS.longest, longestText(row))}${labelLine('limit', centre, LABELS.allowed, limitText(row))}</g
    > `
  })
}

function labelLine(kind: string, x: string, y: number, text: string): Html {
  return html`<text class="${kind}" x="${x}" y="${y}" text-anchor="middle">${text}</text>`
}

function longestText({ longestMs, verdict }: PhaseGaps): string {
  const mark = verdict === 'exceeded' ? '✗ ' : ''
  return longestMs === undefined ? 'no beats' : `${mark}longest ${millisecondsText(longestMs)}`
}

function limitText({ allowedMs }: PhaseGaps): string {
  return isMeasured(allowedMs) ? `allowed ${millisecondsText(allowedMs)}` : 'for comparison'
}

/** Those between beats, and those that reach from a beat to the border of a phase. */
function gapsToDraw({ beats, rows }: HeartbeatDrawing): readonly Gap[] {
  const between = beats.slice(1).map(({ atMs: toMs }, index) => {
    const fromMs = beats[index]?.atMs ?? toMs
    return { fromMs, toMs, ms: toMs - fromMs }
  })
  return [...between, ...rows.flatMap(({ gaps }) => gaps)]
}

/** The length of the gap at each moment, as the outline of an area. */
function gapOutline(gaps: readonly Gap[], x: Scale, y: Scale): string {
  const longest = new Map<number, number>()
  for (const { fromMs, toMs, ms } of gaps) {
    const last = columnOf(toMs, x)
    for (let column = columnOf(fromMs, x); column <= last; column += 1) {
      longest.set(column, Math.max(longest.get(column) ?? 0, ms))
    }
  }
  const columns = [...longest].toSorted(([a], [b]) => a - b)
  const [first] = columns
  const end = columns.at(-1)
  if (first === undefined || end === undefined) return ''
  let outline = `M${columnAt(first[0])} ${PLOT.bottom}`
  let level = PLOT.bottom.toString()
  for (const [column, ms] of columns) {
    const next = short(y.at(ms))
    if (next !== level) outline += `H${columnAt(column)}V${next}`
    level = next
  }
  return `${outline}H${columnAt(end[0] + 1)}V${PLOT.bottom}Z`
}

/** A tick in each column that holds a beat; neighbouring ones run together. */
function beatTicks(beats: readonly Beat[], x: Scale): string {
  const columns = [...new Set(beats.map(({ atMs }) => columnOf(atMs, x)))].toSorted((a, b) => a - b)
  const height = STRIP.bottom - STRIP.top
  let path = ''
  for (let index = 0; index < columns.length; index += 1) {
    const start = columns[index] ?? 0
    let width = 1
    while (columns[index + 1] === start + width) {
      width += 1
      index += 1
    }
    path += `M${columnAt(start)} ${STRIP.top}h${short(width / 2)}v${height}h-${short(width / 2)}z`
  }
  return path
}

function columnOf(atMs: number, x: Scale): number {
  return Math.min(Math.floor((x.at(atMs) - LEFT) * 2), COLUMNS - 1)
}

function columnAt(column: number): string {
  return short(LEFT + column / 2)
}

/** One sentence per phase, for those who do not see the drawing. */
export function describeRows(rows: readonly PhaseGaps[], time: { readonly from: number }): string {
  return rows
    .map((row) => {
      const from = secondsText((row.phase.fromMs - time.from) / 1000)
      const to = secondsText((row.phase.toMs - time.from) / 1000)
      const gap = millisecondsText(row.longestMs)
      const limit = isMeasured(row.allowedMs) ? `, ${limitText(row)}` : ''
      return `${phaseTitle(row.phase.name)}, ${from} to ${to}: longest gap ${gap}${limit}.`
    })
    .join(' ')
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0
}

/** A number with at most two decimals, as short as it goes. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}
