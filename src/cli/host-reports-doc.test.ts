import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ChangeReport, ChangeResult, DmaCost, LivepatchCost } from './change-report.ts'
import type { FixStatus, LivepatchStatusFacts } from './fix-status.ts'

const DOCUMENT = readFileSync(
  new URL('../../docs/formats/host-reports.md', import.meta.url),
  'utf8',
)

/** A mark for every field of `T`: the compiler sees to it that none is missing. */
type EveryFieldOf<T> = Readonly<Record<keyof T, true>>

const STATUS: EveryFieldOf<FixStatus> = {
  fix: true,
  state: true,
  channel: true,
  sentence: true,
  livepatch: true,
  functions: true,
  journal: true,
  appliedBeforeReboot: true,
}
const LOADED: EveryFieldOf<LivepatchStatusFacts> = {
  name: true,
  owner: true,
  position: true,
  orderKnown: true,
}
const STATES: Readonly<Record<FixStatus['state'], true>> = {
  applied: true,
  'not-applied': true,
  inconsistent: true,
  foreign: true,
  'base-not-applied': true,
  unknown: true,
}
const CHANGE: EveryFieldOf<ChangeResult & Pick<ChangeReport, 'channel' | 'ok' | 'fix' | 'why'>> = {
  channel: true,
  result: true,
  ok: true,
  fix: true,
  why: true,
  seconds: true,
  startedAt: true,
  endedAt: true,
}
const LIVEPATCH: EveryFieldOf<Omit<LivepatchCost, 'channel'>> = {
  livepatch: true,
  attempts: true,
  leftLoaded: true,
}
const DMA: EveryFieldOf<Omit<DmaCost, 'channel'>> = {
  written: true,
  staged: true,
  engine: true,
  dma: true,
  cost: true,
  readySeconds: true,
}

/** The first cells of the tables under a heading. */
function fields(heading: string): readonly (string | undefined)[] {
  const part = DOCUMENT.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return Array.from(part.matchAll(/^\| `([^`]+)`/gm), ([, field]) => field)
}

describe('docs/formats/host-reports.md', () => {
  it.each([
    ['A status', { ...STATUS, ...STATES }],
    ['Where it is loaded', LOADED],
    ['A change', CHANGE],
    ['A change by livepatch', LIVEPATCH],
    ['A change by DMA', DMA],
  ])('lists every field of %s, in order', (heading, known) => {
    expect(fields(heading)).toEqual(Object.keys(known))
  })
})
