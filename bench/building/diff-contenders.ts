import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import type { BuildUnderTest } from './build-under-test.ts'
import type { DiffCost, ListedPair } from './diff-cost.ts'

/** Programs that look at the same objects, to be run in turn. */
export interface DiffContenders {
  /** The last is what the others are compared with. */
  readonly contenders: Readonly<Record<string, () => void>>
  /** What each run of ours took, in its own words; grows as it is run. */
  readonly costs: readonly DiffCost[]
  /** For people, after the runs. */
  readonly notes: () => readonly string[]
}

/**
 * Puts the objects into `directory`.
 *
 * `create-diff-object`, which makes payloads in other toolchains, runs too where
 * `CREATE_DIFF_OBJECT` names it or `PATH` has it. It may fail at objects that Reweave takes; that
 * is told, for its time then compares with nothing.
 */
export function diffContenders(build: BuildUnderTest, directory: string): DiffContenders {
  const files = placeFiles(build, directory)
  const costs: DiffCost[] = []
  const program = createDiffObject()
  const endings = new Set<string>()
  const ours = (): void => {
    const script = path.join(import.meta.dirname, 'diff-alone.ts')
    const printed = execFileSync(process.execPath, [script, directory], { encoding: 'utf8' })
    costs.push(JSON.parse(printed) as DiffCost)
  }
  const theirs = (created: string): void => {
    for (const [index, { name }] of build.pairs.entries()) {
      const pair = ['before', 'after'].map((side) => path.join(directory, side, `${index}.o`))
      const others = [path.join(directory, 'xen-syms'), path.join(directory, `${index}.out.o`)]
      const { status, signal } = spawnSync(created, [...pair, ...others], { stdio: 'ignore' })
      if (status !== 0) endings.add(`${name}: create-diff-object ended with ${status ?? signal}`)
    }
  }
  const compared = program === undefined ? {} : { 'create-diff-object': () => theirs(program) }
  const absent = 'create-diff-object is not here: neither CREATE_DIFF_OBJECT nor PATH has it'
  return {
    contenders: {
      'diff and emit, a process of their own': ours,
      ...compared,
      'objdump -d': () => execFileSync('objdump', ['-d', ...files], { stdio: 'ignore' }),
    },
    costs,
    notes: () => (program === undefined ? [absent] : [...endings]),
  }
}

/** As `diff-alone.ts` wants them. Gives the paths of all objects. */
function placeFiles({ pairs, syms }: BuildUnderTest, directory: string): readonly string[] {
  const files: string[] = []
  for (const side of ['before', 'after'] as const) {
    mkdirSync(path.join(directory, side), { recursive: true })
    for (const [index, pair] of pairs.entries()) {
      const file = path.join(directory, side, `${index}.o`)
      writeFileSync(file, pair[side])
      files.push(file)
    }
  }
  const listed: readonly ListedPair[] = pairs.map(
    ({ before: _before, after: _after, ...listedPair }) => listedPair,
  )
  writeFileSync(path.join(directory, 'pairs.json'), JSON.stringify(listed))
  copyFileSync(syms, path.join(directory, 'xen-syms'))
  return files
}

/** Its path, if it is here. */
function createDiffObject(): string | undefined {
  const { CREATE_DIFF_OBJECT: named, PATH: searched = '' } = process.env
  const folders = searched.split(path.delimiter).filter((folder) => folder !== '')
  const candidates = [
    ...(named === undefined || named === '' ? [] : [path.resolve(named)]),
    ...folders.map((folder) => path.join(folder, 'create-diff-object')),
  ]
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
