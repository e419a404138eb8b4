import { phaseGaps, phasesInOrder, phaseTitle } from './phase-gaps.ts'
import { readProbeAnswer } from './probe-answer.ts'
import { counted, millisecondsText, wholeText } from './quantity-text.ts'
import type { DemoReport } from './report.ts'

/** What a report comes to. */
export interface DemoVerdict {
  /** Whether the demo says so itself, and nothing in its report says otherwise. */
  readonly held: boolean
  /** One sentence, for people. */
  readonly sentence: string
  /** Everything in the report that speaks against it, a sentence each. */
  readonly objections: readonly string[]
  /** What a whole demo shows and this one does not, such as `the probe after the revert`. */
  readonly missing: readonly string[]
}

/** What one part of the report has against it. */
type Doubts = Pick<DemoVerdict, 'objections' | 'missing'>

/**
 * Reads a whole report and says in one sentence what it comes to.
 *
 * The report's own `ok` is necessary and not sufficient: a report that says `ok` over an answer
 * that is not the wanted one did not hold, and shows why.
 */
export function verdictOf(report: DemoReport): DemoVerdict {
  const doubts = [
    doubtsOfSteps(report),
    doubtsOfProbe(report),
    doubtsOfBytes(report),
    doubtsOfHeartbeats(report),
  ]
  const objections = doubts.flatMap((each) => each.objections)
  const missing = doubts.flatMap((each) => each.missing)
  const clear = objections.length === 0 && missing.length === 0
  const held = report.ok && report.failure === undefined && clear
  const sentence = held ? success(report) : failure(report, clear)
  return { held, sentence, objections, missing }
}

function success({ fix: { advisory } }: DemoReport): string {
  return (
    `The running Xen was mended without a reboot: ${advisory} was open, the fix closed it, ` +
    'and no guest was silent for longer than allowed.'
  )
}

function failure(report: DemoReport, clear: boolean): string {
  const index = report.steps.findIndex(({ held }) => !held)
  const step = report.steps[index]
  if (step !== undefined) {
    return `The demo did not hold: it failed at step ${index + 1}, “${step.title}”.`
  }
  if (report.failure !== undefined) return 'The demo did not hold: it ended before its last step.'
  if (clear) return 'The demo did not hold, and its report does not say why.'
  return 'The demo did not hold, though each of its steps did.'
}

function doubtsOfSteps({ steps, failure }: DemoReport): Doubts {
  const failed = steps.filter(({ held }) => !held)
  // The sentence above the list names the first one already.
  const objections = failed.map(({ title, finding }, index) =>
    index === 0 ? ended(finding) : `“${title}” did not hold: ${ended(finding)}`,
  )
  const known = failure === undefined || failed.some(({ finding }) => failure.includes(finding))
  return { objections: known ? objections : [...objections, ended(failure)], missing: [] }
}

function doubtsOfProbe({ probe }: DemoReport): Doubts {
  const asked = [
    { when: 'before the mend', found: readProbeAnswer(probe.before), wanted: 'open' },
    { when: 'after the mend', found: readProbeAnswer(probe.after), wanted: 'closed' },
    { when: 'after the revert', found: readProbeAnswer(probe.reverted), wanted: 'open' },
  ]
  return {
    objections: asked
      .filter(({ found, wanted }) => found.state !== 'not-asked' && found.state !== wanted)
      .map(
        ({ when, found, wanted }) =>
          `The probe ${when} answered ${found.text}, which does not say that the hole is ${wanted}.`,
      ),
    missing: asked
      .filter(({ found }) => found.state === 'not-asked')
      .map(({ when }) => `the probe ${when}`),
  }
}

function doubtsOfBytes({ bytes }: DemoReport): Doubts {
  if (!(bytes.comparedBytes > 0)) {
    return { objections: [], missing: ["the comparison of Xen's image from outside"] }
  }
  const objections: string[] = []
  if (!(bytes.changed > 0)) objections.push("No byte of Xen's image changed.")
  if (bytes.foreign !== 0) {
    objections.push(`Unplanned bytes of Xen's image that changed: ${wholeText(bytes.foreign)}.`)
  }
  if (bytes.afterRevert === undefined) {
    return { objections, missing: ['the comparison after the revert'] }
  }
  if (bytes.afterRevert !== 0) {
    objections.push(
      `Bytes of Xen's image that the revert did not bring back: ${wholeText(bytes.afterRevert)}.`,
    )
  }
  return { objections, missing: [] }
}

function doubtsOfHeartbeats(report: DemoReport): Doubts {
  const guests = Object.entries(report.heartbeat)
  if (guests.length === 0) return { objections: [], missing: ["the guests' heartbeats"] }
  const phases = phasesInOrder(report)
  const objections = guests.flatMap(([name, guest]) => {
    const exceeded = phaseGaps(guest, phases)
      .filter(({ verdict }) => verdict === 'exceeded')
      .map(
        ({ phase, longestMs, allowedMs }) =>
          `${name} was silent for ${millisecondsText(longestMs)} in the phase ` +
          `“${phaseTitle(phase.name)}”; ${millisecondsText(allowedMs)} were allowed.`,
      )
    if (exceeded.length > 0 || guest.held) return exceeded
    if (guest.beats.length === 0) return [`${name} never beat.`]
    return [
      `The heartbeat of ${name} did not hold (${counted(guest.missingBeats, 'beat')} missing).`,
    ]
  })
  return { objections, missing: [] }
}

/** The text with a full stop, unless it has an end of its own. */
function ended(text: string): string {
  return /[.!?]\s*$/.test(text) ? text : `${text}.`
}
