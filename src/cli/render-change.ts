import type { ChangeReport } from './change-report.ts'

/** The report in one or two lines for people. */
export function renderChange(report: ChangeReport): string {
  switch (report.channel) {
    case 'none':
      return `${report.fix} is not applied; nothing was written (${report.why})`
    case 'livepatch':
      return renderLivepatch(report)
    case 'dma':
      return renderDma(report)
  }
}

function renderLivepatch(report: Extract<ChangeReport, { channel: 'livepatch' }>): string {
  const { fix, livepatch, attempts, leftLoaded, seconds } = report
  const tries = attempts > 1 ? `, ${attempts} attempts` : ''
  const cost = `by Xen's livepatch as ${livepatch}, ${seconds.toFixed(1)} s${tries}`
  const sentence = {
    applied: `${fix} is applied`,
    reverted: `${fix} is reverted: the old functions are in use again`,
    'already-applied': `${fix} is already applied; nothing was changed`,
    'not-applied': `${fix} is not applied; nothing was changed`,
  }[report.result]
  const left =
    leftLoaded.length === 0 ? '' : `\nStill loaded, and not in use: ${leftLoaded.join(', ')}`
  return `${sentence} (${cost})${left}`
}

function renderDma(report: Extract<ChangeReport, { channel: 'dma' }>): string {
  const { fix, written, staged, engine, dma, seconds } = report
  const cost = `${dma.bytes} bytes by DMA through ${engine}, ${seconds.toFixed(1)} s`
  const sentence = {
    applied: `${fix} is applied: ${written} writes, each read back`,
    reverted: `${fix} is reverted: the old bytes are back, ${written} writes, each read back`,
    'already-applied': `${fix} is already applied; nothing was written`,
    'not-applied': `${fix} is not applied; nothing was written`,
  }[report.result]
  const left =
    staged === undefined ? '' : `\nIts code was left in the padding, unreachable: ${staged}`
  return `${sentence} (${cost})${left}`
}
