/**
 * What a trial saw, and how people read it.
 *
 * @module
 */

/** The ways by which a trial can bring a hotfix in. */
export type TrialChannel = 'livepatch' | 'dma'

/** What a probe said at one moment. */
export interface ProbeAnswer {
  /** 0: the hole is closed. */
  readonly exit: number | null
  /** What it printed, its last lines. */
  readonly output: string
}

/** Each guest's longest silence between two beats, in milliseconds. */
export type Silences = Readonly<Record<string, number>>

/** One hotfix brought in and taken out again on a lab machine, through one channel. */
export interface TrialReport {
  /** All of it held; else `failure` says what did not. */
  readonly ok: boolean
  readonly failure: string | undefined
  readonly hotfix: string
  /** Undefined when the channel was left to `apply`, and it refused. */
  readonly channel: TrialChannel | undefined
  readonly applied: boolean
  /** Guests that were made while the hotfix was in: a PV and a PVH one. */
  readonly guests: { readonly created: number; readonly ran: number; readonly destroyed: number }
  readonly reverted: boolean
  /**
   * Xen's code, the padding behind it and its constants, read out of the machine's RAM. Undefined for
   * what a trial did not come to.
   */
  readonly text: {
    readonly bytes: number
    readonly bytesDifferentWhileApplied: number | undefined
    readonly bytesDifferentAfterRevert: number | undefined
  }
  /** Undefined without a probe. */
  readonly probe:
    | {
        readonly command: string
        /** It answers otherwise without the hotfix. Else its answers prove nothing. */
        readonly tells: boolean
        readonly before: ProbeAnswer
        readonly applied: ProbeAnswer
        readonly reverted: ProbeAnswer
      }
    | undefined
  /** The longest silence of a guest that ran throughout, during apply and revert. */
  readonly pauseMaxMs: number | undefined
  readonly pauses: {
    /** As long as the apply, just before it. */
    readonly quiet: Silences
    readonly apply: Silences
    readonly revert: Silences
  }
  readonly seconds: { readonly apply: number; readonly revert: number; readonly all: number }
  /** What `reweave apply --json` and `reweave revert --json` said. */
  readonly answers: { readonly apply: unknown; readonly revert: unknown }
}

/** A trial for people: what held, and the pauses; several trials side by side. */
export function renderTrials(reports: readonly TrialReport[]): string {
  const lines = reports.flatMap((report) => [
    `${report.ok ? '✓' : '✗'} ${report.hotfix} by ${report.channel ?? 'no channel'}` +
      (report.failure === undefined ? '' : `: ${report.failure}`),
    ...(report.applied ? findings(report).map((line) => `    ${line}`) : []),
  ])
  const held = reports.filter(({ ok }) => ok).length
  const table = pauseTable(reports.filter(({ applied }) => applied))
  return [
    ...lines,
    ...(table.length > 0 ? ['', 'Longest silence of a guest, in milliseconds:', ...table] : []),
    '',
    `${held} held, ${reports.length - held} did not`,
  ].join('\n')
}

function findings(report: TrialReport): readonly string[] {
  const { guests, text, probe, seconds } = report
  const reverted = report.reverted ? `reverted in ${seconds.revert.toFixed(1)} s` : 'not reverted'
  return [
    `applied in ${seconds.apply.toFixed(1)} s, ${reverted}`,
    `guests meanwhile: ${guests.created} created, ${guests.ran} ran, ${guests.destroyed} destroyed`,
    `code and constants: ${counted(text.bytesDifferentWhileApplied)} of ${text.bytes} bytes differed, ` +
      `${counted(text.bytesDifferentAfterRevert)} after the revert`,
    ...(probe === undefined
      ? []
      : [
          `probe '${probe.command}' exits ${probe.before.exit} before, ` +
            `${probe.applied.exit} applied, ${probe.reverted.exit} reverted` +
            (probe.tells ? '' : ': it does not tell the difference'),
        ]),
  ]
}

function counted(bytes: number | undefined): string {
  return bytes === undefined ? 'not known how many' : String(bytes)
}

function pauseTable(reports: readonly TrialReport[]): readonly string[] {
  const rows = reports.flatMap(({ hotfix, channel, pauses }) =>
    Object.keys(pauses.apply).map((guest) => [
      hotfix,
      channel ?? '',
      guest,
      ...[pauses.quiet, pauses.apply, pauses.revert].map((each) => whole(each[guest])),
    ]),
  )
  if (rows.length === 0) return []
  const all = [['hotfix', 'channel', 'guest', 'quiet', 'apply', 'revert'], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths?.[column] ?? 0
      return column < 3 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `    ${cells.join('  ')}`
  })
}

function whole(ms: number | undefined): string {
  return ms === undefined ? '-' : String(Math.round(ms))
}
