import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { DEFAULT_HYPERVISOR_VERSION } from '../lab/hypervisor.ts'
import { prepareLab } from '../lab/parts.ts'
import type { BuildReport } from '../src/build/build-report.ts'
import type { CorpusResult, CorpusRun } from './corpus-page.ts'
import { runTrials } from './run-trials.ts'
import type { TrialChannel } from './trial-report.ts'
import type { TrialOrder } from './try-hotfix.ts'

const ROOT = path.resolve(import.meta.dirname, '..')
const LAUNCHER = path.join(ROOT, 'reweave')

/** Tried on both channels, and asked by a probe. The others are tried by livepatch. */
const PROBED: Readonly<Record<string, string>> = {
  'xsa506.patch': 'reweave probe dm-op-without-buffers',
}

/** The corpus beside the checkout; undefined where there is none. */
export function corpusDirectory(): string | undefined {
  const beside = process.env['REWEAVE_CORPUS'] ?? path.join(ROOT, '../shared/xsa-corpus/4.17')
  return existsSync(beside) ? beside : undefined
}

/** Builds every patch of a folder as a user does, and tries what was built on one lab machine. */
export async function runCorpus(
  directory: string,
  progress: (line: string) => void,
): Promise<CorpusRun> {
  const parts = await prepareLab({ progress })
  const { version, buildId, syms } = parts.hypervisor
  const source = await fetchSource(progress)
  const out = mkdtempSync(path.join(tmpdir(), 'reweave-corpus-'))
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.patch'))
    const builds: { readonly patch: string; readonly build: BuildReport }[] = []
    for (const patch of names.sort()) {
      progress(`Building ${patch}`)
      const file = path.join(directory, patch)
      const hotfix = path.join(out, hotfixName(patch))
      const args = ['--source', source, '--patch', file, '--base', syms, '--out', hotfix]
      builds.push({ patch, build: (await reweaveJson(['build', ...args])) as BuildReport })
    }
    const orders = builds
      .filter(({ build }) => build.verdict === 'built')
      .flatMap(({ patch, build }) => ordersOf(patch, build, out, progress))
    const reports = await runTrials(parts, orders, progress)
    const results = builds.map((each): CorpusResult => ({
      ...each,
      trials: reports.filter(({ hotfix }) => hotfix === each.build.name),
    }))
    return { version, buildId, results }
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** `xsa-506.hotfix` of `xsa506.patch`. */
function hotfixName(patch: string): string {
  return `${path.basename(patch, '.patch').replace(/^xsa(\d)/, 'xsa-$1')}.hotfix`
}

function ordersOf(
  patch: string,
  build: BuildReport,
  out: string,
  progress: (line: string) => void,
): readonly TrialOrder[] {
  const probe = PROBED[patch]
  const channels: readonly TrialChannel[] =
    probe === undefined ? ['livepatch'] : ['livepatch', 'dma']
  return channels.map((channel) => ({
    name: build.name,
    file: path.join(out, hotfixName(patch)),
    channel,
    applyOptions: channel === 'dma' ? ['--reuse-vendor-code'] : [],
    probe,
    progress,
  }))
}

async function fetchSource(progress: (line: string) => void): Promise<string> {
  progress('Fetching the source')
  const fetched = await reweaveJson(['source', 'fetch', `xen=${DEFAULT_HYPERVISOR_VERSION}`])
  return (fetched as { directory: string }).directory
}

/** Runs the command as a user does. A build that ends in a refusal is an answer. */
async function reweaveJson(args: readonly string[]): Promise<unknown> {
  const run = promisify(execFile)
  const options = { maxBuffer: 256 * 2 ** 20 }
  try {
    return JSON.parse((await run(LAUNCHER, [...args, '--json'], options)).stdout)
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string }
    if (args[0] === 'build' && stdout?.includes('"verdict"') === true) return JSON.parse(stdout)
    throw new Error(`'reweave ${args.join(' ')}' failed: ${stderr ?? ''}`, { cause: error })
  }
}
