/** Times of several runs of one thing, in milliseconds. */
export interface Timing {
  readonly name: string
  readonly runs: readonly number[]
}

/**
 * Runs the contenders in turn, `rounds` times, so that a slow moment of the machine meets all of
 * them. The first round warms caches and does not count.
 */
export async function inTurn(
  contenders: Readonly<Record<string, () => unknown>>,
  rounds: number,
): Promise<readonly Timing[]> {
  const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const start = performance.now()
      await run()
      if (round > 0) times.get(name)?.push(performance.now() - start)
    }
  }
  return [...times].map(([name, runs]) => ({ name, runs }))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

/** A table of medians, each as a ratio to the last one: the thing compared with. */
export function ratioTable(timings: readonly Timing[]): string {
  const base = median(timings.at(-1)?.runs ?? [])
  return timings
    .map(({ name, runs }) => {
      const middle = median(runs)
      const ratio = (middle / base).toFixed(2).padStart(7)
      return `  ${name.padEnd(44)} ${middle.toFixed(1).padStart(9)} ms  ${ratio} x`
    })
    .join('\n')
}

/** What a thing may cost at most. */
export interface Limit {
  readonly what: string
  readonly found: number
  readonly most: number
  readonly unit: string
}

/** One line that says whether a limit is kept. A bench that prints one exceeded ends with 1. */
export function limitLine({ what, found, most, unit }: Limit): string {
  const verdict = isWithin({ found, most }) ? 'within' : 'EXCEEDED'
  return `  ${what.padEnd(44)} ${found.toFixed(2).padStart(9)} ${unit}  ${verdict} ${most} ${unit}`
}

/** What could not be measured keeps no limit. */
export function isWithin({ found, most }: Pick<Limit, 'found' | 'most'>): boolean {
  return found < most
}
