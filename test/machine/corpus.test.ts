/**
 * Real security fixes on the real Xen: built from source, applied, held under guests, reverted.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  corpusRow,
  type CorpusRun,
  readCorpusRows,
  STABLE_COLUMNS,
} from '../../trial/corpus-page.ts'
import { corpusDirectory, runCorpus } from '../../trial/run-corpus.ts'

const PAGE = path.resolve(import.meta.dirname, '../../docs/corpus-4.17.md')
const corpus = corpusDirectory()
// The patches are the Xen Project's and are not part of this repository.
const skipped = corpus === undefined
if (skipped) process.stderr.write('There is no corpus beside the checkout: its tests are skipped\n')

describe.skipIf(skipped)('the corpus', () => {
  let run: CorpusRun

  beforeAll(async () => {
    run = await runCorpus(corpus ?? '', (line) => process.stderr.write(`${line}\n`))
  }, 3_000_000)

  it('is what docs/corpus-4.17.md says: verdicts, functions, sizes, channels', () => {
    const rows = run.results.map((result) => corpusRow(result).slice(0, STABLE_COLUMNS))
    expect(rows).toEqual(readCorpusRows(readFileSync(PAGE, 'utf8')))
  })

  it('proves every function of the baseline that is in the image', () => {
    for (const { build } of run.results) expect(build.baseline).toMatchObject({ different: 0 })
  })

  it('held: applied, guests created, run and destroyed, reverted, memory as it was', () => {
    const trials = run.results.flatMap((result) => result.trials)
    expect(trials.map(({ hotfix, channel, failure }) => [hotfix, channel, failure])).toEqual(
      trials.map(({ hotfix, channel }) => [hotfix, channel, undefined]),
    )
    expect(trials.length).toBeGreaterThan(run.results.length)
    for (const { guests, text, reverted } of trials) {
      expect(guests).toEqual({ created: 2, ran: 2, destroyed: 2 })
      expect(text.bytesDifferentWhileApplied).toBeGreaterThan(0)
      expect(text.bytesDifferentAfterRevert).toBe(0)
      expect(reverted).toBe(true)
    }
  })

  it('closes XSA-506 on both channels, as its probe sees it', () => {
    const trials = run.results.find(({ patch }) => patch === 'xsa506.patch')?.trials ?? []
    expect(trials.map(({ channel }) => channel)).toEqual(['livepatch', 'dma'])
    for (const { probe } of trials) {
      const exits = [probe?.before.exit, probe?.applied.exit, probe?.reverted.exit]
      expect(exits).toEqual([20, 0, 20])
    }
  })
})
