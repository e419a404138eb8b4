/**
 * Writes docs/corpus-4.17.md from a run: builds every patch of the corpus and tries it on the lab's
 * Xen. Takes some ten minutes. Run as `npm run corpus`.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { renderCorpusPage } from '../trial/corpus-page.ts'
import { corpusDirectory, runCorpus } from '../trial/run-corpus.ts'

const PAGE = path.resolve(import.meta.dirname, '../docs/corpus-4.17.md')

const corpus = corpusDirectory()
if (corpus === undefined) {
  process.stderr.write('There is no corpus: REWEAVE_CORPUS names a folder of patches\n')
  process.exitCode = 2
} else {
  const run = await runCorpus(corpus, (line) => process.stderr.write(`${line}\n`))
  writeFileSync(PAGE, renderCorpusPage(run))
  const trials = run.results.flatMap((result) => result.trials)
  const held = trials.filter(({ ok }) => ok).length
  process.stderr.write(`${held} trials held, ${trials.length - held} did not\n`)
  for (const { ok, hotfix, channel, failure } of trials) {
    if (!ok) process.stderr.write(`${hotfix} by ${channel ?? 'no channel'}: ${failure ?? ''}\n`)
  }
  if (held < trials.length) process.exitCode = 1
}
