import { type Beat, judge } from '../../lab/heartbeat.ts'
import type { DemoReport, GuestHeartbeat, Phase, ReportedWrite } from '../report.ts'

const START_MS = Date.UTC(2026, 7, 1, 9, 30)

const PHASES: readonly Phase[] = [
  phase('quiet', 9, 16),
  phase('apply', 16, 23),
  phase('quiet-before-revert', 38.5, 44),
  phase('revert', 44, 49.5),
  phase('quiet-before-again', 49.7, 55),
  phase('apply-again', 55, 61.8),
]

/**
 * A report as a demo that holds gives it, made up: no machine ran.
 *
 * The beats jitter in a fixed way, with a longer gap in each phase.
 */
export function madeUpReport(): DemoReport {
  return {
    ok: true,
    startedAt: new Date(START_MS - 95_000).toISOString(),
    xen: {
      version: '4.17.5',
      buildId: '39a640e6f1412319235087391df9f1c5e13ae920',
      packageVersion: '4.17.5+72-g01140da4e8-1',
    },
    fix: {
      name: 'xsa-506',
      advisory: 'XSA-506',
      title: 'dm_op reads stack rubble when it is given too few buffers',
    },
    engine: 'nvme',
    probe: { before: -3, after: -61, reverted: -3 },
    bytes: {
      planned: 86,
      changed: 86,
      foreign: 0,
      afterRevert: 0,
      comparedSections: ['.text', '.rodata', '.note.gnu.build-id'],
      comparedBytes: 2_146_340,
    },
    heartbeat: {
      pv: heartbeat('pv', { quiet: 88, apply: 131, revert: 112, again: 97 }),
      pvh: heartbeat('pvh', { quiet: 104, apply: 187, revert: 143, again: 166 }),
    },
    phases: PHASES,
    writes: WRITES,
    dma: { bytes: 38_912, transfers: 76, revertBytes: 24_576 },
    cost: {
      identify: { bytes: 20_480, seconds: 0.312 },
      write: { bytes: 9_216, seconds: 0.18 },
      verify: { bytes: 9_216, seconds: 0.171 },
    },
    seconds: Object.fromEntries(STEPS.map(({ name, seconds }) => [name, seconds])),
    steps: STEPS,
  }
}

/** A report of a demo whose second probe did not give the closed answer: the rest is missing. */
export function madeUpFailedReport(): DemoReport {
  const whole = madeUpReport()
  const reached = STEPS.slice(
    0,
    STEPS.findIndex(({ name }) => name === 'probe-after'),
  )
  const finding = 'dm-op-without-buffers: open (answered -3, must be -61)'
  const failed = { name: 'probe-after', title: 'Probe again', seconds: 0.9, held: false, finding }
  const steps = [...reached, failed]
  return {
    ...whole,
    ok: false,
    failure: `'Probe again' does not hold: ${finding}`,
    probe: { before: -3, after: -3 },
    bytes: { planned: 0, changed: 0, foreign: 0, comparedSections: [], comparedBytes: 0 },
    heartbeat: {},
    phases: PHASES.slice(0, 2),
    dma: { ...whole.dma, revertBytes: 0 },
    seconds: Object.fromEntries(steps.map(({ name, seconds }) => [name, seconds])),
    steps,
  }
}

/** A report of a demo that ended before it had a machine. */
export function madeUpEmptyReport(): DemoReport {
  return {
    ...madeUpReport(),
    ok: false,
    failure: 'Debian packages are missing: qemu-system-x86',
    xen: { version: '', buildId: '', packageVersion: '' },
    engine: '',
    probe: {},
    bytes: { planned: 0, changed: 0, foreign: 0, comparedSections: [], comparedBytes: 0 },
    heartbeat: {},
    phases: [],
    writes: [],
    dma: { bytes: 0, transfers: 0, revertBytes: 0 },
    seconds: {},
    steps: [],
  }
}

/** Beats of `pauseMs` each, with some jitter, and one gap in the middle of each named phase. */
function heartbeat(
  type: 'pv' | 'pvh',
  gaps: Readonly<Record<'quiet' | 'apply' | 'revert' | 'again', number>>,
): GuestHeartbeat {
  const longest: Readonly<Record<Phase['name'], number>> = {
    quiet: gaps.quiet,
    apply: gaps.apply,
    'quiet-before-revert': gaps.quiet - 6,
    revert: gaps.revert,
    'quiet-before-again': gaps.quiet - 9,
    'apply-again': gaps.again,
  }
  const wanted = PHASES.map(({ name, fromMs, toMs }) => ({
    atMs: fromMs + (toMs - fromMs) * 0.4,
    ms: longest[name],
  }))
  const beats: Beat[] = []
  const jitter = jitterFrom(type === 'pv' ? 506 : 108)
  let atMs = START_MS + 9000
  for (let number = 0; atMs < START_MS + 66_000; number += 1) {
    beats.push({ number, atMs: Math.round(atMs * 1000) / 1000 })
    const next = wanted[0]
    if (next !== undefined && atMs >= next.atMs) {
      atMs += next.ms
      wanted.shift()
    } else {
      atMs += 50.4 + jitter() ** 6 * 30
    }
  }
  return {
    type,
    beats,
    quietMaxGapMs: gaps.quiet,
    applyMaxGapMs: gaps.apply,
    revertMaxGapMs: gaps.revert,
    applyAllowedMs: judge(gaps.quiet, gaps.apply).allowedMs,
    revertAllowedMs: judge(longest['quiet-before-revert'], gaps.revert).allowedMs,
    missingBeats: 0,
    held: true,
  }
}

/** Numbers from 0 up to 1 in a fixed order: the generator of Numerical Recipes, 7.1. */
function jitterFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function phase(name: Phase['name'], from: number, to: number): Phase {
  return { name, fromMs: START_MS + from * 1000, toMs: START_MS + to * 1000 }
}

const STAGED = 'No section has these bytes, and nothing leads here before the switch.'
const SWITCHED =
  'One store inside an aligned 8-byte unit, and no instruction begins inside the bytes it replaces.'

const WRITES: readonly ReportedWrite[] = [
  {
    role: 'stage',
    place: 'padding behind .text',
    address: '0xffff82d0403a6893',
    before: '00'.repeat(26),
    after: '0f87370ceaff85f60f8568ebe9ff48c7c0c3ffffffe9562eeeff',
    why: STAGED,
  },
  {
    role: 'stage',
    place: 'padding behind .text',
    address: '0xffff82d0403a68b0',
    before: '00'.repeat(23),
    after: '66897c241885f60f85f4a1f1ffb8c3ffffffe98aa2f1ff',
    why: STAGED,
  },
  {
    role: 'stage',
    place: 'padding behind .text',
    address: '0xffff82d0403a68c8',
    before: '00'.repeat(22),
    after: '0f85a192eeff41837d04020f84b496eeffe9c990eeff',
    why: STAGED,
  },
  {
    role: 'switch',
    place: 'do_dm_op+0x3',
    address: '0xffff82d040245403',
    before: '0f87c70000',
    after: 'e98b141600',
    why: SWITCHED,
  },
  {
    role: 'switch',
    place: 'compat_dm_op+0x1b',
    address: '0xffff82d0402c0a9b',
    before: '66897c2418',
    after: 'e9105e0e00',
    why: SWITCHED,
  },
  {
    role: 'switch',
    place: 'dm_op+0x3fb',
    address: '0xffff82d04028fb7b',
    before: '0f84f50300',
    after: 'e9486d1100',
    why: SWITCHED,
  },
]

const STEPS: DemoReport['steps'] = [
  step('prepare', 'Prepare the lab', 4.2, "Debian's Xen 4.17.5+72-g01140da4e8-1, from the cache"),
  step('boot', 'Boot Xen and Dom0 in QEMU, without hardware virtualisation', 38.6, 'Dom0 answers'),
  step('guests', 'Start a PV and a PVH guest', 21.4, 'both hearts beat 20 times a second'),
  step('inspect', 'Inspect the host', 1.8, 'Xen lies at 0x5fa00000; the DMA channel works'),
  step('probe-before', 'Probe the hole from Dom0', 0.9, 'open (answered -3, must be -61)'),
  step('plan', 'Plan every write', 2.1, '6 writes, 86 bytes'),
  step('quiet', 'Watch the hearts in a quiet time', 15, '15 s without a command'),
  step('apply', 'Mend it by DMA while the guests run', 8.5, 'applied through nvme: 6 writes'),
  step('probe-after', 'Probe again', 0.9, 'closed (answered -61, as it must)'),
  step(
    'prove-applied',
    "Compare the machine's RAM from outside",
    0.3,
    '86 of 2146340 bytes differ',
  ),
  step('revert', 'Take it back', 7, 'reverted through nvme: 6 writes'),
  step('probe-reverted', 'Probe the open hole', 0.9, 'open (answered -3, must be -61)'),
  step('prove-reverted', "Compare the machine's RAM from outside", 0.3, '0 bytes differ'),
  step('apply-again', 'Mend it again', 8.3, 'applied through nvme: 6 writes'),
  step('heartbeats', "Judge the guests' heartbeats", 0.7, 'pv and pvh held'),
]

function step(
  name: string,
  title: string,
  seconds: number,
  finding: string,
): DemoReport['steps'][number] {
  return { name, title, seconds, held: true, finding }
}
