import { phaseGaps, phasesInOrder } from './phase-gaps.ts'
import { readProbeAnswer } from './probe-answer.ts'
import {
  bytesText,
  isMeasured,
  millisecondsText,
  type Quantity,
  secondsText,
  wholeText,
} from './quantity-text.ts'
import type { DemoReport, GuestHeartbeat } from './report.ts'
import { type DemoVerdict, verdictOf } from './verdict.ts'
import { visibleText } from './visible-text.ts'

/** Objections beyond these are in the report; the summary counts them. */
const MOST_OBJECTIONS = 3

/**
 * The report in about ten lines, for a terminal. Ends without a line break.
 *
 * Nothing in it acts on the terminal, whatever the report holds.
 */
export function renderSummary(report: DemoReport): string {
  const verdict = verdictOf(report)
  const lines = [
    `${verdict.held ? '✓' : '✗'} ${verdict.sentence}`,
    ...objectionLines(verdict),
    row(
      'Xen',
      `${report.xen.packageVersion || 'not known'}, build-id ${report.xen.buildId || 'not known'}`,
    ),
    row('Probe', probeText(report)),
    row('Bytes', bytesChangedText(report)),
    ...heartbeatLines(report),
    row('DMA', dmaText(report)),
    row('Steps', stepsText(report)),
  ]
  return lines.map(visibleText).join('\n')
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(8)} ${text}`
}

function objectionLines({ objections, missing }: DemoVerdict): readonly string[] {
  const shown = objections.slice(0, MOST_OBJECTIONS).map((each) => `  - ${each}`)
  const more = objections.length - shown.length
  return [
    ...shown,
    ...(more === 0 ? [] : [`  - and ${more} more`]),
    ...(missing.length === 0 ? [] : [`  - Not shown: ${missing.join(', ')}.`]),
  ]
}

function probeText({ probe }: DemoReport): string {
  return [
    `before ${answerText(probe.before)}`,
    `mended ${answerText(probe.after)}`,
    `reverted ${answerText(probe.reverted)}`,
  ].join('; ')
}

const STATE_WORDS = {
  open: 'open',
  closed: 'closed',
  unexpected: 'unexpected',
  'not-asked': 'not asked',
} as const

function answerText(answer: Quantity): string {
  const { state, text } = readProbeAnswer(answer)
  return state === 'not-asked' ? STATE_WORDS[state] : `${text} ${STATE_WORDS[state]}`
}

function bytesChangedText({ bytes }: DemoReport): string {
  if (!(bytes.comparedBytes > 0)) return 'never compared'
  const left =
    bytes.afterRevert === undefined
      ? 'not compared after the revert'
      : `${wholeText(bytes.afterRevert)} left after the revert`
  return (
    `${wholeText(bytes.planned)} planned, ${wholeText(bytes.changed)} changed, ` +
    `${wholeText(bytes.foreign)} foreign, ${left}; ${bytesText(bytes.comparedBytes)} compared`
  )
}

function heartbeatLines(report: DemoReport): readonly string[] {
  const phases = phasesInOrder(report)
  const guests = Object.entries(report.heartbeat)
  if (guests.length === 0) return [row('Guests', 'no heartbeat was recorded')]
  return guests.map(([name, guest]) => {
    const gaps = phaseGaps(guest, phases).map(({ phase, longestMs, allowedMs }) => {
      const limit = isMeasured(allowedMs) ? ` of ${millisecondsText(allowedMs)}` : ''
      return `${phase.name} ${millisecondsText(longestMs)}${limit}`
    })
    return row(
      name,
      `longest gaps: ${gaps.join(', ') || 'no phase was reached'}${missingText(guest)}`,
    )
  })
}

function missingText({ missingBeats }: GuestHeartbeat): string {
  return missingBeats === 0 ? '' : `; ${wholeText(missingBeats)} beats missing`
}

function dmaText({ dma, engine }: DemoReport): string {
  if (!(dma.transfers > 0)) return 'nothing was moved'
  const revert = dma.revertBytes > 0 ? `, ${bytesText(dma.revertBytes)} to revert` : ''
  return `${bytesText(dma.bytes)} in ${wholeText(dma.transfers)} transfers to apply${revert}, through ${engine || 'no known engine'}`
}

function stepsText({ steps }: DemoReport): string {
  const held = steps.filter((step) => step.held).length
  const total = steps.map(({ seconds }) => seconds).filter(isMeasured)
  const seconds = total.reduce((sum, each) => sum + each, 0)
  return `${held} of ${steps.length} held, in ${secondsText(seconds)}`
}
