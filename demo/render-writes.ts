import { html, type Html } from './html.ts'
import { bytesText, counted } from './quantity-text.ts'
import type { DemoReport, ReportedWrite } from './report.ts'

/** Every write of the plan, in its order: old bytes over new ones, and why it is safe. */
export function renderWrites({ writes }: DemoReport): Html {
  return html`<section aria-labelledby="writes">
    <h2 id="writes">The writes</h2>
    <p class="soft">
      In the order in which they are made. New code is staged where nothing leads, and read back;
      one small store at each site then makes it live. The revert goes the opposite way.
    </p>
    ${
      writes.length === 0
        ? html`<p>No write was planned.</p>`
        : html`<ol class="writes">
            ${writes.map(renderWrite)}
          </ol>`
    }
  </section>`
}

function renderWrite(write: ReportedWrite, index: number): Html {
  const before = hexPairs(write.before)
  const after = hexPairs(write.after)
  // Over padding everything is new, and marking everything would mark nothing.
  const compared = isRun(before) ? undefined : before
  return html`<li>
    <div class="where">
      <span class="soft">${index + 1}. <b>${write.role}</b>${sizeText(after)}</span
      ><b>${write.place}</b><code>${write.address}</code>
    </div>
    <dl>
      <dt>old</dt>
      <dd class="bytes">${renderBytes(before, undefined) ?? write.before}</dd>
      <dt>new</dt>
      <dd class="bytes">${renderBytes(after, compared) ?? write.after}</dd>
      <dt>safe</dt>
      <dd>${write.why}</dd>
    </dl>
  </li>`
}

function sizeText(pairs: readonly string[] | undefined): string {
  return pairs === undefined ? '' : `, ${bytesText(pairs.length)}`
}

/** A run of one byte that is longer is written as a count. */
const LONGEST_RUN = 8

function renderBytes(
  pairs: readonly string[] | undefined,
  old: readonly string[] | undefined,
): Html | string | undefined {
  if (pairs === undefined) return undefined
  if (isRun(pairs)) return `${pairs[0] ?? ''} (${counted(pairs.length, 'time')})`
  const spaced = pairs.map((pair, index) => {
    const changed = old !== undefined && pair !== old[index]
    const space = index === 0 ? '' : ' '
    return changed ? html`${space}<b>${pair}</b>` : html`${space}${pair}`
  })
  return html`${spaced}`
}

function isRun(pairs: readonly string[] | undefined): boolean {
  if (pairs === undefined || pairs.length <= LONGEST_RUN) return false
  return pairs.every((pair) => pair === pairs[0])
}

/** The bytes of `0f87c7` or `0f 87 c7`, or undefined for a text that is something else. */
function hexPairs(text: string): readonly string[] | undefined {
  const digits = text.replaceAll(/\s+/g, '')
  return /^([0-9a-f]{2})+$/i.test(digits) ? (digits.match(/../g) ?? undefined) : undefined
}
