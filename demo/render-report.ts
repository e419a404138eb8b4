import { renderHeartbeats } from './render-heartbeats.ts'
import { renderSteps } from './render-steps.ts'
import { renderWrites } from './render-writes.ts'
import { html, type Html, trustedHtml } from './html.ts'
import { phasesInOrder } from './phase-gaps.ts'
import { readProbeAnswer } from './probe-answer.ts'
import {
  bytesText,
  isMeasured,
  millisecondsText,
  type Quantity,
  secondsText,
  wholeText,
} from './quantity-text.ts'
import { REPORT_STYLE } from './report-style.ts'
import type { DemoReport, Phase } from './report.ts'
import { type DemoVerdict, verdictOf } from './verdict.ts'

/**
 * The demo's report as one HTML page, for people: out/demo/report.html.
 *
 * Pure and total: every report gives a page, also one of a demo that ended in its middle. The page
 * needs no network, no script and no other file, and nothing from the report becomes markup.
 */
export function renderReport(report: DemoReport): string {
  const verdict = verdictOf(report)
  const page = html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>
          ${report.fix.advisory}:
          ${verdict.held ? 'mended without a reboot' : 'the demo did not hold'}
        </title>
        <style>
          ${trustedHtml(REPORT_STYLE)}
        </style>
      </head>
      <body>
        <main>
          ${renderHead(report, verdict)} ${renderAnswers(report)} ${renderHeartbeats(report)}
          ${renderBytes(report)} ${renderWrites(report)} ${renderCost(report)}
          ${renderSteps(report)}
          <footer>
            The same, for programs, beats included: <a href="report.json">report.json</a>.
          </footer>
        </main>
      </body>
    </html> `
  return page.toString()
}

function renderHead(report: DemoReport, verdict: DemoVerdict): Html {
  const { xen, fix } = report
  return html`<header>
    <p class="eyebrow"><b>Reweave</b> · demo on a real Xen</p>
    <h1>${fix.advisory}: ${fix.title}</h1>
    <div class="verdict ${verdict.held ? 'held' : 'failed'}">
      <p><b>${verdict.held ? '✓' : '✗'}</b> ${verdict.sentence}</p>
      ${renderDoubts(verdict)}
    </div>
    <dl class="facts">
      ${fact('Hypervisor', `Xen ${known(xen.packageVersion || xen.version)}`)}
      ${fact('Build-id', html`<code>${known(xen.buildId)}</code>`)}
      ${fact('DMA engine', known(report.engine))} ${fact('Started', startText(report.startedAt))}
    </dl>
  </header>`
}

function renderDoubts({ objections, missing }: DemoVerdict): Html | undefined {
  if (objections.length === 0 && missing.length === 0) return undefined
  const notShown = missing.length === 0 ? [] : [`Not shown: ${missing.join(', ')}.`]
  return html`<ul>
    ${[...objections, ...notShown].map((each) => html`<li>${each}</li> `)}
  </ul> `
}

/** `2026-08-01 09:28 UTC`; a text that is no moment of JSON's form stays as it is. */
function startText(startedAt: string): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):[\d.]+Z$/.exec(startedAt) ?? []
  return day === undefined || time === undefined ? known(startedAt) : `${day} ${time} UTC`
}

function fact(name: string, value: Html | string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function known(text: string): string {
  return text === '' ? 'not known' : text
}

function renderAnswers({ probe, fix, steps }: DemoReport): Html {
  const appliedAgain = steps.some(({ name, held }) => name === 'apply-again' && held)
  return html`<section aria-labelledby="answers">
    <h2 id="answers">The hole, asked three times</h2>
    <p class="soft">
      The probe is a harmless hypercall from Dom0 that tells whether ${fix.advisory} is open. The
      demo takes the fix back on purpose: a hole that opens again shows that it was the fix that
      closed it.
    </p>
    <ol class="answers">
      ${renderAnswer('1. Before', probe.before, 'open')}
      ${renderAnswer('2. Mended', probe.after, 'closed')}
      ${renderAnswer('3. Fix taken back', probe.reverted, 'open')}
    </ol>
    ${appliedAgain ? html`<p>In the end the fix was applied again.</p>` : undefined}
  </section>`
}

const STATE_TITLES = {
  open: 'Open',
  closed: 'Closed',
  unexpected: 'Not known',
  'not-asked': 'Not asked',
} as const

function renderAnswer(when: string, answer: Quantity, wanted: 'open' | 'closed'): Html {
  const { state, text, meaning } = readProbeAnswer(answer)
  const asWanted = state === wanted
  const answered = state !== 'not-asked'
  const outcome = asWanted ? 'as-wanted' : answered ? 'not-wanted' : 'not-asked'
  return html`<li class="${outcome}">
    <p class="when">${when}</p>
    <p class="state">${STATE_TITLES[state]}</p>
    <p class="answer">
      ${answered ? html`<code>${text}</code>, ` : undefined}${asWanted ? 'as expected' : html`<b>expected ${wanted}</b>`}
    </p>
    <p class="soft">${meaning}</p>
  </li>`
}

function renderBytes({ bytes }: DemoReport): Html {
  const compared = bytes.comparedBytes > 0
  const seen = (quantity: Quantity): Quantity => (compared ? quantity : undefined)
  return html`<section aria-labelledby="bytes">
    <h2 id="bytes">Which bytes of Xen changed</h2>
    <p class="soft">
      Seen from outside, in the file that holds the machine's RAM, and not by the tool that wrote
      them.
    </p>
    <dl class="figures">
      ${figure('Planned', seen(bytes.planned), 'bytes that the fix may write')}
      ${figure('Changed', seen(bytes.changed), 'bytes that differ after the apply', bytes.changed === 0)}
      ${figure('Foreign', seen(bytes.foreign), 'changed bytes that no write planned; must be 0', bytes.foreign !== 0)}
      ${figure('Left after the revert', seen(bytes.afterRevert), 'bytes that still differ; must be 0', bytes.afterRevert !== 0)}
    </dl>
    <p>
      ${compared ? html`Compared: ${bytesText(bytes.comparedBytes)} in <code>${bytes.comparedSections.join(', ')}</code>, with the padding behind the code: all that Xen never changes by itself once it has booted.` : 'Nothing was compared.'}
    </p>
  </section>`
}

function figure(name: string, value: Quantity | string, note: string, bad = false): Html {
  const measured = typeof value === 'string' || isMeasured(value)
  const kind = measured ? (bad ? ' bad' : '') : ' none'
  const text = typeof value === 'string' ? value : wholeText(value)
  return html`<div>
    <dt>${name}</dt>
    <dd class="figure${kind}">${text}</dd>
    <dd class="note">${note}</dd>
  </div>`
}

/** What Reweave promises of XSA-506: to identify the image, apply and verify with no more. */
const DMA_LIMIT_BYTES = 64 * 1024

function renderCost(report: DemoReport): Html {
  const { dma } = report
  const moved = dma.transfers > 0
  const limit = bytesText(DMA_LIMIT_BYTES)
  return html`<section aria-labelledby="cost">
    <h2 id="cost">What it cost</h2>
    <p class="soft">
      To identify the image, to change it and to verify the change. The engine's trial on frames of
      its own comes first; its bytes are not counted.
    </p>
    <dl class="figures">
      ${figure('Time, apply', phaseTime(report, 'apply'), 'by the clock of Dom0, the command as a whole')}
      ${figure('Bytes, apply', moved ? dma.bytes : undefined, `by DMA; at most ${limit} allowed`, dma.bytes > DMA_LIMIT_BYTES)}
      ${partFigures(report)}
      ${figure('Transfers, apply', moved ? dma.transfers : undefined, 'commands given to the device')}
      ${figure('Time, revert', phaseTime(report, 'revert'), 'by the clock of Dom0, the command as a whole')}
      ${figure('Bytes, revert', dma.revertBytes > 0 ? dma.revertBytes : undefined, 'by DMA')}
    </dl>
  </section>`
}

/** The parts of the bytes above, each with its time. */
function partFigures({ cost }: DemoReport): readonly Html[] {
  if (cost === undefined) return []
  const parts = [
    ['Identify', cost.identify],
    ['Write', cost.write],
    ['Verify', cost.verify],
  ] as const
  return parts.map(([name, { bytes, seconds }]) =>
    figure(`${name}, apply`, bytes, `bytes, in ${millisecondsText(seconds * 1000)}`),
  )
}

function phaseTime(report: DemoReport, name: Phase['name']): string | undefined {
  const phase = phasesInOrder(report).find((each) => each.name === name)
  return phase === undefined ? undefined : secondsText((phase.toMs - phase.fromMs) / 1000)
}
