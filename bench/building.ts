/**
 * What building a hotfix costs, against gcc and binutils on the same objects: `npm run bench`, or
 * `node bench/building.ts`. No machine is booted.
 *
 * Needs what `reweave build` needs, and compiles the unpatched hypervisor where that is not cached.
 * Ends with exit code 1 where a limit is exceeded.
 *
 * @module
 */
import { execFileSync, type StdioOptions } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { buildCacheDirectory } from '../src/build/build-directory.ts'
import type { BuildReport } from '../src/build/build-report.ts'
import { proveBaseline } from '../src/build/prove-baseline.ts'
import { type BuildUnderTest, buildUnderTest } from './building/build-under-test.ts'
import { withCompileAlone } from './building/compile-alone.ts'
import { diffContenders } from './building/diff-contenders.ts'
import { inTurn, isWithin, type Limit, limitLine, median, ratioTable } from './measure.ts'

const ROUNDS = 5
const BUILD_ROUNDS = 3
/** The proof goes over the whole hypervisor. */
const PROOF_ROUNDS = 2
/** What building may cost at most, on two CPUs. */
const MOST = { diffSeconds: 1, diffMegabytes: 300, buildSeconds: 20 }

const checkout = path.resolve(import.meta.dirname, '..')
const under = await buildUnderTest(checkout, (line) => console.error(line))
const work = mkdtempSync(path.join(os.tmpdir(), 'reweave-bench-'))
try {
  const { patch, baseline } = under
  console.log(`Building ${patch.about}`)
  console.log(`for ${baseline.source.packageVersion ?? ''}, on ${os.availableParallelism()} CPUs`)
  await measureDiff(under)
  await measureBuild(under)
  await measureProof(under)
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function measureDiff(build: BuildUnderTest): Promise<void> {
  const names = build.pairs.map(({ name }) => name).join(', ')
  console.log(
    `\nComparing ${names} and writing the payload, against objdump -d of the same objects`,
  )
  const { contenders, costs, notes } = diffContenders(build, path.join(work, 'diff'))
  console.log(ratioTable(await inTurn(contenders, ROUNDS)))
  for (const note of notes()) console.log(`  ${note}`)
  const middle = (part: (cost: (typeof costs)[number]) => number): number => median(costs.map(part))
  const parts = [
    ['start', middle(({ startMs }) => startMs)],
    ['base read', middle(({ imageMs }) => imageMs)],
    ['diff', middle(({ diffMs }) => diffMs)],
    ['emit', middle(({ emitMs }) => emitMs)],
  ] as const
  console.log(`  of it ${parts.map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(', ')}`)
  // The whole process, Node's own start too: all processors' time, for others use this machine.
  const seconds = middle(({ cpuMs }) => cpuMs) / 1000
  keep({
    what: "whole process, the processors' time",
    found: seconds,
    most: MOST.diffSeconds,
    unit: 's',
  })
  const megabytes = Math.max(...costs.map(({ peakBytes }) => peakBytes)) / 1e6
  keep({ what: 'most memory at any time', found: megabytes, most: MOST.diffMegabytes, unit: 'MB' })
}

async function measureBuild(build: BuildUnderTest): Promise<void> {
  const { sourceDirectory, syms, patch } = build
  console.log('\nreweave build with a proven baseline, against gcc compiling the same objects')
  const patchFile = path.join(work, patch.file)
  writeFileSync(patchFile, patch.text, 'latin1')
  const out = path.join(work, 'bench.hotfix')
  const inputs = ['--source', sourceDirectory, '--patch', patchFile, '--base', syms]
  const args = ['build', ...inputs, '--out', out, '--json']
  const reports: BuildReport[] = []
  const whole = (): void => {
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe']
    const printed = execFileSync(path.join(checkout, 'reweave'), args, { stdio, encoding: 'utf8' })
    reports.push(JSON.parse(printed) as BuildReport)
  }
  const timings = await withCompileAlone(build, buildCacheDirectory(), async ({ run }) => {
    const contenders = { 'reweave build': whole, 'gcc, as many at a time as CPUs': run }
    return await inTurn(contenders, BUILD_ROUNDS)
  })
  console.log(ratioTable(timings))
  const stages = Object.keys(reports[0]?.stages ?? {}).map((name) => {
    const seconds = median(reports.map((report) => report.stages[name] ?? Number.NaN))
    return `${name} ${seconds.toFixed(2)} s`
  })
  console.log(`  of it ${stages.join(', ')}`)
  const seconds = median(timings[0]?.runs ?? []) / 1000
  keep({
    what: 'reweave build, from start to end',
    found: seconds,
    most: MOST.buildSeconds,
    unit: 's',
  })
}

async function measureProof({ baseline, image }: BuildUnderTest): Promise<void> {
  const { objects, directory } = baseline
  console.log(`\nProving all ${objects.length} objects, against binutils on the same objects`)
  const binutils = (program: string, flag: string): void => {
    const names = objects.map(({ name }) => name)
    execFileSync(program, [flag, ...names], { cwd: path.join(directory, 'xen'), stdio: 'ignore' })
  }
  const timings = await inTurn(
    {
      'proveBaseline(), not cached': () => {
        const cacheDirectory = mkdtempSync(path.join(work, 'proof-'))
        proveBaseline(baseline, image, { cacheDirectory, progress: () => undefined })
      },
      'readelf -rW': () => binutils('readelf', '-rW'),
      'objdump -d': () => binutils('objdump', '-d'),
    },
    PROOF_ROUNDS,
  )
  console.log(ratioTable(timings))
}

function keep(limit: Limit): void {
  console.log(limitLine(limit))
  if (!isWithin(limit)) process.exitCode = 1
}
