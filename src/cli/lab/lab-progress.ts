import process from 'node:process'
import { Listr } from 'listr2'
import { progress } from '../output.ts'

/** Something that takes a while, and says what it is at. */
export interface LabTask<Result> {
  readonly title: string
  readonly run: (progress: (line: string) => void) => Promise<Result>
}

/** A boot prints hundreds of lines; without a terminal, one now and then shows that it goes on. */
const PLAIN_INTERVAL_MS = 5000

/**
 * Runs tasks side by side and shows how they go on: redrawn in place on a terminal, else as plain
 * lines on standard error. Every task is seen to its end; then the results, or the first failure.
 */
export async function runTasks<Result>(
  tasks: readonly LabTask<Result>[],
  options: { readonly json: boolean },
): Promise<readonly PromiseSettledResult<Result>[]> {
  return options.json || !process.stdout.isTTY ? await runPlain(tasks) : await runDrawn(tasks)
}

async function runPlain<Result>(
  tasks: readonly LabTask<Result>[],
): Promise<readonly PromiseSettledResult<Result>[]> {
  return await Promise.allSettled(
    tasks.map(async ({ title, run }) => {
      let shownAt = 0
      progress(title)
      const result = await run((line) => {
        if (Date.now() - shownAt < PLAIN_INTERVAL_MS) return
        shownAt = Date.now()
        progress(`${title}: ${line}`)
      })
      progress(`${title}: done`)
      return result
    }),
  )
}

async function runDrawn<Result>(
  tasks: readonly LabTask<Result>[],
): Promise<readonly PromiseSettledResult<Result>[]> {
  const results: Promise<Result>[] = []
  const list = new Listr(
    tasks.map(({ title, run }, index) => ({
      title,
      task: async (_: unknown, shown: { output: string }) => {
        const result = run((line) => (shown.output = line))
        results[index] = result
        await result
      },
    })),
    { concurrent: true, exitOnError: false, rendererOptions: { showErrorMessage: false } },
  )
  await list.run()
  return await Promise.allSettled(results)
}
