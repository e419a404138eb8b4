import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { renderReport } from '../../demo/render-report.ts'
import { renderSummary } from '../../demo/render-summary.ts'
import { runDemo } from '../../demo/run-demo.ts'
import { CommandFailed } from './command-failed.ts'
import { asLabCommand } from './lab/lab-failure.ts'
import { kitFolder } from './open-host.ts'
import { progress, toJson } from './output.ts'

export function demoCommand(): Command {
  return new Command('demo')
    .description('mends XSA-506 in a real Xen under running guests, and proves it')
    .option('--out <folder>', 'where the report goes', path.join(kitFolder(), 'out/demo'))
    .option('--json', 'print the report for programs as well')
    .addHelpText('after', '\nExamples:\n  reweave demo\n  reweave demo --out ./report\n')
    .action(async (options: { out: string; json?: boolean }) => {
      const started = performance.now()
      const seconds = (): string => ((performance.now() - started) / 1000).toFixed(0).padStart(4)
      const report = await asLabCommand(
        async () =>
          await runDemo({
            step: (title) => progress(`${seconds()} s  ${title}`),
            progress: nowAndThen((line) => progress(`         ${line}`)),
            finding: (held, finding) => progress(`        ${held ? '✓' : '✗'} ${finding}`),
          }),
      )
      mkdirSync(options.out, { recursive: true })
      const html = path.join(options.out, 'report.html')
      const json = path.join(options.out, 'report.json')
      writeFileSync(html, renderReport(report))
      writeFileSync(json, `${toJson(report)}\n`)
      if (options.json) process.stdout.write(`${toJson(report)}\n`)
      else process.stdout.write(`\n${renderSummary(report)}\n\nReport: ${html}\n        ${json}\n`)
      if (!report.ok) {
        throw new CommandFailed(
          'labFailed',
          `The demo did not hold: ${report.failure ?? 'see the report'}`,
        )
      }
    })
}

/** A boot prints hundreds of lines; one every few seconds shows that it goes on. */
const LINE_INTERVAL_MS = 3000

function nowAndThen(show: (line: string) => void): (line: string) => void {
  let shownAt = 0
  return (line) => {
    if (performance.now() - shownAt < LINE_INTERVAL_MS) return
    shownAt = performance.now()
    show(line)
  }
}
