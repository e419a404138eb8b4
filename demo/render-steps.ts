import { html, type Html } from './html.ts'
import { isMeasured, secondsText } from './quantity-text.ts'
import type { DemoReport, DemoStep } from './report.ts'

/** The steps of the demo in their order, with what each one found and how long it took. */
export function renderSteps(report: DemoReport): Html {
  const { steps } = report
  const seconds = steps.map((step) => step.seconds).filter(isMeasured)
  const longest = seconds.reduce((most, each) => Math.max(most, each), 0)
  const total = seconds.reduce((sum, each) => sum + each, 0)
  return html`<section aria-labelledby="steps">
    <h2 id="steps">Step by step</h2>
    ${steps.length === 0 ? html`<p>The demo ended before its first step.</p>` : renderTable(steps, { longest, total })}
    ${renderOtherTimes(report)}
  </section>`
}

function renderTable(
  steps: readonly DemoStep[],
  { longest, total }: { readonly longest: number; readonly total: number },
): Html {
  return html`<div class="scroll" role="region" aria-label="Steps" tabindex="0">
    <table class="steps">
      <caption>
        ${secondsText(total)} in all.
      </caption>
      <thead>
        <tr>
          <th scope="col" class="number">No.</th>
          <th scope="col">Step</th>
          <th scope="col">Finding</th>
          <th scope="col" class="number">Time</th>
          <th scope="col">Held</th>
        </tr>
      </thead>
      <tbody>
        ${steps.map((step, index) => renderStep(step, index, longest))}
      </tbody>
    </table>
  </div>`
}

function renderStep(step: DemoStep, index: number, longest: number): Html {
  const share = isMeasured(step.seconds) && longest > 0 ? Math.max(step.seconds / longest, 0) : 0
  const mark = step.held
    ? html`<span class="mark good">✓ yes</span>`
    : html`<span class="mark bad">✗ no</span>`
  return html`<tr${step.held ? undefined : html` class="failed"`}><td class="number">${index + 1}</td><th scope="row">${step.title}</th><td class="finding">${step.finding}</td><td class="number seconds">${secondsText(step.seconds)}<span class="bar" style="width:${Math.round(share * 100)}%"></span></td><td>${mark}</td></tr>\n`
}

/** Times that belong to no step: the report may hold some, and what it holds is shown. */
function renderOtherTimes({ seconds, steps }: DemoReport): Html | undefined {
  const names = new Set(steps.map(({ name }) => name))
  const others = Object.entries(seconds).filter(([name]) => !names.has(name))
  if (others.length === 0) return undefined
  const list = others.map(([name, each]) => `${name} ${secondsText(each)}`).join(', ')
  return html`<p class="soft">Besides: ${list}.</p>`
}
