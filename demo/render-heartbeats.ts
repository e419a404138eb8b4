import type { Gap } from '../lab/heartbeat.ts'
import { describeRows, drawHeartbeat } from './heartbeat-chart.ts'
import { html, type Html } from './html.ts'
import {
  beatsInOrder,
  gapsOutside,
  longestOf,
  medianMs,
  PHASE_NAMES,
  type PhaseGaps,
  phaseGaps,
  phasesInOrder,
  phaseTitle,
} from './phase-gaps.ts'
import { counted, isMeasured, millisecondsText, secondsText, wholeText } from './quantity-text.ts'
import type { DemoReport, GuestHeartbeat, Phase } from './report.ts'

/** The guests' heartbeats: drawn, in a table, and each gap as a number. */
export function renderHeartbeats(report: DemoReport): Html {
  const guests = seenGuests(report)
  const time = wholeTime(report, guests)
  // A limit beyond that is no time, and arithmetic with it would leave the numbers.
  const topMs = Math.min(longestDrawn(guests) * 1.05, Number.MAX_SAFE_INTEGER)
  return html`<section aria-labelledby="heartbeats">
    <h2 id="heartbeats">The guests' heartbeats</h2>
    <p class="soft">
      Each guest writes a beat twenty times a second, by its own clock. A gap is the silence between
      two beats. During a change it may be as long as the longest one of an equally long quiet time
      just before, times 1.5 or plus 250 ms, whichever is more.
    </p>
    ${guests.length === 0 ? html`<p>No heartbeat was recorded.</p>` : html`${legend()}${guests.map((guest, index) => renderChart(guest, { index, time, topMs }))}${renderTable(guests, time)}${guests.map(renderEveryGap)}`}
  </section>`
}

interface SeenGuest {
  readonly name: string
  readonly guest: GuestHeartbeat
  readonly rows: readonly PhaseGaps[]
  readonly outside: readonly Gap[]
}

interface Time {
  readonly from: number
  readonly to: number
}

function seenGuests(report: DemoReport): readonly SeenGuest[] {
  const phases = phasesInOrder(report)
  return Object.entries(report.heartbeat).map(([name, guest]) => ({
    name,
    guest,
    rows: phaseGaps(guest, phases),
    outside: gapsOutside(guest, phases),
  }))
}

/** From the first beat or phase to the last one. */
function wholeTime(report: DemoReport, guests: readonly SeenGuest[]): Time {
  const moments = [
    ...phasesInOrder(report).flatMap(({ fromMs, toMs }) => [fromMs, toMs]),
    ...guests.flatMap(({ guest }) => beatsInOrder(guest).map(({ atMs }) => atMs)),
  ]
  const [first = 0] = moments
  return moments.reduce(
    ({ from, to }, moment) => ({ from: Math.min(from, moment), to: Math.max(to, moment) }),
    { from: first, to: first },
  )
}

function longestDrawn(guests: readonly SeenGuest[]): number {
  return guests
    .flatMap(({ rows, outside }) => [
      longestOf(outside)?.ms,
      ...rows.flatMap(({ longest, allowedMs }) => [longest?.ms, allowedMs]),
    ])
    .filter(isMeasured)
    .reduce((top, ms) => Math.max(top, ms), 0)
}

function legend(): Html {
  return html`<p class="legend" aria-hidden="true">
    <span
      ><svg class="heartbeat" viewBox="0 0 22 12">
        <path class="gaps" d="M1 11V6H8V3H14V7H21V11Z" /></svg
      >length of the gap</span
    >
    <span
      ><svg class="heartbeat" viewBox="0 0 22 12">
        <path class="beats" d="M2 1h1v10h-1zM7 1h1v10h-1zM12 1h1v10h-1zM17 1h1v10h-1z" /></svg
      >a beat each</span
    >
    <span
      ><svg class="heartbeat" viewBox="0 0 22 12">
        <circle class="longest" cx="11" cy="6" r="4" /></svg
      >longest gap of a phase</span
    >
    <span
      ><svg class="heartbeat" viewBox="0 0 22 12">
        <line class="allowed" x1="1" x2="21" y1="6" y2="6" /></svg
      >allowed</span
    >
  </p>`
}

function renderChart(
  { name, guest, rows }: SeenGuest,
  place: { readonly index: number; readonly time: Time; readonly topMs: number },
): Html {
  const beats = beatsInOrder(guest)
  const title = `Heartbeats of ${name}`
  const held = guest.held && rows.every(({ verdict }) => verdict !== 'exceeded')
  const drawing = {
    id: `heartbeat-${place.index}`,
    title,
    description: describeRows(rows, place.time),
    beats,
    rows,
    time: place.time,
    topMs: place.topMs,
  }
  return html`<figure>
    <figcaption>
      <h3>${name}</h3>
      <span class="soft"
        >${typeText(guest)}, ${counted(beats.length, 'beat')}, ${wholeText(guest.missingBeats)}
        missing</span
      >
      ${held ? mark('good', '✓ held') : mark('bad', '✗ did not hold')}
    </figcaption>
    <div class="scroll" role="region" aria-label="${title}" tabindex="0">
      ${drawHeartbeat(drawing)}
    </div>
  </figure>`
}

function typeText({ type }: GuestHeartbeat): string {
  return type === 'pv' ? 'PV guest' : 'PVH guest'
}

function renderTable(guests: readonly SeenGuest[], time: Time): Html {
  return html`<div class="scroll" role="region" aria-label="Gaps by guest and phase" tabindex="0">
    <table>
      <caption>
        Gaps by guest and phase. A gap at the border of a phase counts in full. The second apply is
        held to the limit of the first.
      </caption>
      <thead>
        <tr>
          <th scope="col">Phase</th>
          <th scope="col" class="number">Seconds</th>
          <th scope="col" class="number">Gaps</th>
          <th scope="col" class="number">Median</th>
          <th scope="col" class="number">Longest</th>
          <th scope="col" class="number">Allowed</th>
          <th scope="col">Verdict</th>
        </tr>
      </thead>
      ${guests.map((seen) => renderGuestRows(seen, time))}
    </table>
  </div>`
}

function renderGuestRows({ name, guest, rows, outside }: SeenGuest, time: Time): Html {
  const missing = PHASE_NAMES.filter((each) => rows.every(({ phase }) => phase.name !== each))
  return html`<tbody>
    <tr>
      <th class="guest" scope="rowgroup" colspan="7">
        ${name} <span class="soft">${typeText(guest)}</span>
      </th>
    </tr>
    ${rows.map((row) => renderRow(row, time))}${missing.map(renderMissing)}
    <tr>
      <th scope="row">In between</th>
      <td class="number"></td>
      <td class="number">${wholeText(outside.length)}</td>
      <td class="number">${orDash(medianMs(outside))}</td>
      <td class="number">${orDash(longestOf(outside)?.ms)}</td>
      <td class="number">–</td>
      <td>${mark('plain', 'not judged')}</td>
    </tr>
  </tbody>`
}

function renderRow({ phase, gaps, longestMs, allowedMs, verdict }: PhaseGaps, time: Time): Html {
  const from = secondsText((phase.fromMs - time.from) / 1000)
  const to = secondsText((phase.toMs - time.from) / 1000)
  return html`<tr>
    <th scope="row">${phaseTitle(phase.name)}</th>
    <td class="number">${from} – ${to}</td>
    <td class="number">${wholeText(gaps.length)}</td>
    <td class="number">${orDash(medianMs(gaps))}</td>
    <td class="number"><b>${millisecondsText(longestMs)}</b></td>
    <td class="number">${orDash(allowedMs)}</td>
    <td>${VERDICT_MARKS[verdict]}</td>
  </tr> `
}

function renderMissing(name: Phase['name']): Html {
  return html`<tr>
    <th scope="row">${phaseTitle(name)}</th>
    <td colspan="5" class="soft">The demo ended before it.</td>
    <td>${mark('plain', 'not reached')}</td>
  </tr> `
}

/** Every gap as a number: the drawing shows them all, this is for those who want to count. */
function renderEveryGap({ name, rows, outside }: SeenGuest): Html {
  const listed = [
    ...rows.map(({ phase, gaps }) => ({ title: phaseTitle(phase.name), gaps })),
    { title: 'In between', gaps: outside },
  ]
  return html`<details>
    <summary>Every gap of ${name}, in milliseconds</summary>
    ${listed.map(({ title, gaps }) => html`<p class="every-gap"><b>${title}</b> ${gapList(gaps)}</p> `)}
  </details>`
}

function gapList(gaps: readonly Gap[]): string {
  return gaps.length === 0 ? 'none' : gaps.map(({ ms }) => String(Math.round(ms))).join(' ')
}

function orDash(ms: number | undefined): string {
  return isMeasured(ms) ? millisecondsText(ms) : '–'
}

function mark(kind: 'good' | 'bad' | 'plain', text: string): Html {
  return html`<span class="mark ${kind}">${text}</span>`
}

const VERDICT_MARKS: Readonly<Record<PhaseGaps['verdict'], Html>> = {
  within: mark('good', '✓ within'),
  exceeded: mark('bad', '✗ too long'),
  'not-judged': mark('plain', 'for comparison'),
}
