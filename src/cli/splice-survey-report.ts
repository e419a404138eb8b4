import { hex } from '../address/address.ts'
import { copyBytes } from '../address/copy-bytes.ts'
import type { BuildId } from '../image/build-id.ts'
import { describeEntryFixed } from '../splice/entry/describe-entry-fixed.ts'
import type { EntryDepth, EntrySurvey } from '../splice/entry/entry-survey.ts'
import type { EntryFixed, EntrySwitch, EntryWay } from '../splice/entry/entry-switch.ts'
import { disassemble } from '../x86/disassemble.ts'
import { fullName } from './image-summary.ts'

/** What was found for one function, and where its jump stands if it can have one. */
export interface EntryAnswer {
  readonly answer: EntrySwitch | EntryFixed
  readonly depth: EntryDepth | undefined
}

const DEPTH_TEXTS: Readonly<Record<EntryDepth, string>> = {
  entry: 'at the entry',
  'further-in': 'further in, nothing to undo',
  'further-in-undone': 'further in, a stub undoes',
}

const WAY_TEXTS: Readonly<Record<EntryWay, string>> = {
  'near-jump': 'jmp rel32',
  relay: 'jmp rel8 to a relay',
  'relay-chain': 'jmp rel8 to several relays',
}

/** The survey for programs. */
export function surveyValue(buildId: BuildId, survey: EntrySurvey): unknown {
  return {
    buildId,
    functions: survey.functions,
    switchable: survey.switchable,
    percent: percentOf(survey.switchable, survey),
    ways: survey.ways.map((way) => ({ ...way, percent: percentOf(way.count, survey) })),
    cannot: survey.cannot.map((fixed) => fixedValue(fixed)),
    ifArgumentsStay: survey.ifArgumentsStay,
    leftOut: survey.leftOut,
  }
}

/** The survey as a page for people, without a newline at its end. */
export function renderSurvey(buildId: BuildId, survey: EntrySurvey, list: boolean): string {
  const { functions, switchable, cannot, leftOut } = survey
  const depthWidth = Math.max(...Object.values(DEPTH_TEXTS).map((text) => text.length))
  const wayWidth = Math.max(...Object.values(WAY_TEXTS).map((text) => text.length))
  const row = (depth: string, way: string, count: number): string =>
    `${depth.padEnd(depthWidth)}  ${way.padEnd(wayWidth)}  ${String(count).padStart(6)}  ` +
    `${percentOf(count, survey).toFixed(2).padStart(6)} %`
  const rows = survey.ways
    .filter(({ count }) => count > 0)
    .map(({ depth, way, count }) => row(DEPTH_TEXTS[depth], WAY_TEXTS[way], count))
  const why = Map.groupBy(cannot, ({ reason }) => reason.kind)
  const reasons = Array.from(why, ([kind, members]) => [kind, members.length] as const)
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, count]) => `  ${String(count).padStart(4)}  ${REASON_TEXTS[kind]}`)
  return [
    `build-id  ${buildId}`,
    `functions ${functions}; each is asked for singly, so two may be given the same free bytes`,
    `left out  freed after boot: ${leftOut.freedAfterBoot}; parts of functions: ${leftOut.parts}`,
    '',
    ...rows,
    row('can be switched', '', switchable),
    row('cannot', '', cannot.length),
    ...(cannot.length === 0 ? [] : ['', 'What ended the search:', ...reasons]),
    ...(survey.ifArgumentsStay === 0 ? [] : ['', argumentsText(survey.ifArgumentsStay)]),
    ...(list && cannot.length > 0 ? ['', ...cannot.map(renderFixed)] : []),
  ].join('\n')
}

function argumentsText(count: number): string {
  return `${count} of these can be switched if the new code reads no argument that the old one ignores`
}

const REASON_TEXTS: Readonly<Record<EntryFixed['reason']['kind'], string>> = {
  'freed-after-boot': 'freed after boot',
  'outside-text': 'outside .text',
  'no-size': 'a symbol without a size',
  'part-of-a-function': 'a part of a function',
  unclean: 'instructions that are not known for certain',
  'loops-to-entry': 'a jump back to the entry',
  'jumps-indirectly': 'an indirect jump in the function',
  'entered-behind-entry': 'something that jumps or points behind the entry',
  alternative: 'bytes that boot replaces',
  'cannot-be-undone': 'an instruction that cannot be undone',
  'loses-register': 'an instruction that loses a register of the call',
}

function renderFixed(fixed: EntryFixed): string {
  return `${fullName(fixed.function)}: ${describeEntryFixed(fixed)}`
}

/** The answer for one function, for programs. */
export function entryAnswerValue({ answer, depth }: EntryAnswer): unknown {
  if (answer.kind === 'cannot') return fixedValue(answer)
  const { way, store, before, offset, relays, undo, stubByteLength } = answer
  return {
    kind: answer.kind,
    function: fullName(answer.function),
    address: answer.function.address,
    depth,
    way,
    offset,
    store,
    before,
    relays,
    undo,
    stubByteLength,
  }
}

function fixedValue(fixed: EntryFixed): unknown {
  return {
    kind: fixed.kind,
    function: fullName(fixed.function),
    address: fixed.function.address,
    reason: fixed.reason,
    tried: fixed.tried,
    message: describeEntryFixed(fixed),
  }
}

/** The answer for one function, for people. */
export function renderEntryAnswer({ answer, depth }: EntryAnswer): string {
  if (answer.kind === 'cannot') return renderFixed(answer)
  const { store, before, offset, relays, undo } = answer
  const lines = [
    `${fullName(answer.function)}: ${WAY_TEXTS[answer.way]}, ${DEPTH_TEXTS[depth ?? 'entry']}`,
    `  store  ${hex(store.start)} (+${hex(offset)}), ${store.byteLength} bytes over ${bytesText(before)}`,
    ...relays.map(
      ({ at, before: free, place }) => `  relay  ${hex(at)}, ${free.length} bytes: ${place}`,
    ),
    ...disassemble(copyBytes(undo), store.start).map(({ text }) => `  undo   ${text}`),
  ]
  return lines.join('\n')
}

function bytesText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function percentOf(count: number, { functions }: EntrySurvey): number {
  return functions === 0 ? 0 : Math.round((10_000 * count) / functions) / 100
}
