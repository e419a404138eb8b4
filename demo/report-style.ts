/**
 * The report's style sheet: light and dark, for a desk, a phone and paper.
 *
 * Text has a contrast of at least 4.5 to 1 on every ground that it stands on, in both schemes, and
 * no finding is told by its colour alone.
 */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f8; --sheet: #ffffff; --sunk: #f1f3f5; --line: #d9dee3;
  --ink: #16202a; --soft: #52606d;
  --thread: #0b6a75; --thread-fill: #0b6a7533;
  --good: #17693a; --good-ground: #e5f4ea; --bad: #a81e1e; --bad-ground: #fdeaea;
  --plain-ground: #e9edf1;
  --band-quiet: #e9edf1; --band-apply: #dcefe3; --band-revert: #fbe9cf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1318; --sheet: #161d24; --sunk: #1d262e; --line: #313c47;
    --ink: #e8edf2; --soft: #a3b0bc;
    --thread: #62c6d0; --thread-fill: #62c6d03d;
    --good: #74d397; --good-ground: #15321f; --bad: #ff958c; --bad-ground: #421b1b;
    --plain-ground: #2a343e;
    --band-quiet: #222c35; --band-apply: #17382a; --band-revert: #40301a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  overflow-wrap: break-word;
}
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 30px; line-height: 1.25; margin: 4px 0 6px; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 20px; margin: 0 0 4px; letter-spacing: -0.005em; }
h3 { font-size: 16px; margin: 0; }
p { margin: 0; }
code, .bytes { font-family: ui-monospace, "Cascadia Mono", "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 0.86em; }
.soft { color: var(--soft); }
.eyebrow { color: var(--soft); font-size: 14px; }
.eyebrow b { color: var(--thread); }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin-top: 18px; }
section > p.soft { max-width: 75ch; margin-bottom: 14px; }

.verdict { border-left: 8px solid var(--good); background: var(--good-ground); border-radius: 10px; padding: 16px 22px; margin-top: 16px; }
.verdict.failed { border-left-color: var(--bad); background: var(--bad-ground); }
.verdict p { font-size: 20px; font-weight: 600; line-height: 1.4; text-wrap: pretty; }
.verdict p b { color: var(--good); }
.verdict.failed p b { color: var(--bad); }
.verdict ul { margin: 8px 0 0; padding-left: 22px; }

.facts { display: flex; flex-wrap: wrap; gap: 10px 32px; margin: 16px 2px 0; }
.facts dt, .figures dt { color: var(--soft); font-size: 14px; }
.facts dd, .figures dd { margin: 0; }

.answers { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 14px; }
.answers li { background: var(--sunk); border-radius: 8px; border-top: 4px solid var(--soft); padding: 12px 16px 14px; }
.answers li.as-wanted { border-top-color: var(--good); }
.answers li.not-wanted { border-top-color: var(--bad); background: var(--bad-ground); }
.answers + p { margin-top: 14px; }
.answers .when { color: var(--soft); font-size: 14px; }
.answers .state { font-size: 24px; font-weight: 650; line-height: 1.3; }
.answers .answer { margin-bottom: 6px; }

figure { margin: 18px 0 0; }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; }
.scroll { overflow-x: auto; margin: 6px 0 0; }
.heartbeat { display: block; width: 100%; min-width: 760px; height: auto; }
.heartbeat text { fill: var(--ink); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.heartbeat .tick { fill: var(--soft); }
.heartbeat .grid { stroke: var(--line); stroke-width: 1; }
.heartbeat .band { fill: var(--band-quiet); }
.heartbeat .band.apply, .heartbeat .band.apply-again { fill: var(--band-apply); }
.heartbeat .band.revert { fill: var(--band-revert); }
.heartbeat .gaps { fill: var(--thread-fill); stroke: var(--thread); stroke-width: 1; stroke-linejoin: round; }
.heartbeat .beats { fill: var(--thread); }
.heartbeat .allowed { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 3; }
.heartbeat .longest { fill: var(--sheet); stroke: var(--ink); stroke-width: 2; }
.heartbeat .longest.exceeded { fill: var(--bad); stroke: var(--bad); }
.heartbeat .leader { fill: none; stroke: var(--soft); stroke-width: 1; }
.heartbeat .label .name { font-weight: 650; font-size: 13px; }
.heartbeat .label .limit { fill: var(--soft); }
.heartbeat .label .exceeded { fill: var(--bad); font-weight: 650; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--soft); font-size: 14px; margin-top: 10px; }
.legend svg { display: inline; width: 22px; min-width: 0; height: 12px; vertical-align: -1px; margin-right: 6px; }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 14px; padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: 14px; font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody th.guest { font-weight: 650; padding-top: 16px; }
td.number, th.number { text-align: right; white-space: nowrap; }

.mark { display: inline-block; border-radius: 999px; padding: 1px 10px; font-size: 14px; font-weight: 600; white-space: nowrap; background: var(--plain-ground); color: var(--ink); }
.mark.good { background: var(--good-ground); color: var(--good); }
.mark.bad { background: var(--bad); color: var(--sheet); }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 14px; margin: 0; }
.figures > div { background: var(--sunk); border-radius: 8px; padding: 10px 16px 12px; }
.figures dd.figure { font-size: 24px; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
.figures dd.none { font-size: 16px; font-weight: 400; color: var(--soft); line-height: 32px; }
.figures dd.bad { color: var(--bad); }
.figures dd.note { font-size: 14px; color: var(--soft); line-height: 1.4; }
section > .figures + p { margin-top: 14px; }

.writes { list-style: none; margin: 0; padding: 0; }
.writes li { display: grid; grid-template-columns: minmax(180px, 1fr) minmax(0, 3fr); gap: 4px 24px; padding: 14px 0; border-top: 1px solid var(--line); break-inside: avoid; }
.writes .where { display: flex; flex-direction: column; gap: 3px; align-items: flex-start; }
.writes dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 12px; margin: 0; }
.writes dt { color: var(--soft); font-size: 14px; }
.writes dd { margin: 0; }
.bytes b { background: var(--band-apply); color: var(--ink); font-weight: 600; border-radius: 3px; padding: 1px 2px; margin: 0 -2px; }

tr.failed > * { background: var(--bad-ground); }
tr.failed > :first-child { box-shadow: inset 6px 0 0 var(--bad); padding-left: 14px; }
tr.failed td.finding { font-weight: 600; }
.bar { display: block; height: 4px; min-width: 2px; border-radius: 2px; background: var(--thread); margin: 4px 0 0 auto; }
.steps td.seconds { width: 120px; }

details { margin-top: 14px; }
summary { cursor: pointer; }
details p { margin-top: 8px; }
.every-gap { font-variant-numeric: tabular-nums; line-height: 1.7; }
.every-gap b { background: var(--plain-ground); border-radius: 3px; padding: 0 3px; }
a { color: var(--thread); }
:focus-visible { outline: 3px solid var(--thread); outline-offset: 2px; }
footer { color: var(--soft); font-size: 14px; margin: 18px 2px 0; }

@media (max-width: 620px) {
  main { padding: 18px 12px 32px; }
  h1 { font-size: 24px; }
  section { padding: 16px 14px; }
  .verdict { padding: 14px 16px; }
  .verdict p { font-size: 18px; }
  .writes li { grid-template-columns: 1fr; gap: 10px; }
}
@media print {
  :root {
    --ground: #ffffff; --sheet: #ffffff; --sunk: #f1f3f5; --line: #c5ccd3; --ink: #000000; --soft: #46525e;
    --thread: #0b6a75; --thread-fill: #0b6a7533;
    --good: #17693a; --good-ground: #e5f4ea; --bad: #a81e1e; --bad-ground: #fdeaea; --plain-ground: #e9edf1;
    --band-quiet: #e9edf1; --band-apply: #dcefe3; --band-revert: #fbe9cf;
    color-scheme: light;
  }
  * { print-color-adjust: exact; }
  html { zoom: 0.8; }
  main { max-width: none; padding: 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 14px 0; margin-top: 12px; }
  .scroll { overflow: visible; }
  .heartbeat { min-width: 0; }
  figure, tr, .answers li, .figures > div, .verdict { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details { display: none; }
}
`
