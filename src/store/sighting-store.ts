import path from 'node:path'
import { isRecord } from '../advisory/json-fields.ts'
import { newSightings, type Sighting } from '../advisory/window.ts'
import { appendLine, readLines } from './durable-file.ts'
import { StoreUnreadable } from './store-failure.ts'

/**
 * When each host was seen open, and when closed, to each public advisory.
 *
 *     .reweave/sightings/xsa-506.jsonl    one sighting a line: {"host","at","open"}
 *
 * Only what adds something is kept: the first sighting of a host, and each change.
 */
export class SightingStore {
  readonly #folder: string

  constructor(root: string) {
    this.#folder = path.join(root, 'sightings')
  }

  /**
   * All sightings of one advisory, in the order in which they were recorded.
   *
   * @throws StoreUnreadable when the file holds something else
   */
  load(xsa: number): readonly Sighting[] {
    const file = this.#file(xsa)
    return readLines(file).map((line) => {
      const sighting = parse(line)
      if (sighting === undefined) throw new StoreUnreadable(file)
      return sighting
    })
  }

  /** Records what was seen, as far as it is news, and gives back all that is known now. */
  record(xsa: number, seen: readonly Sighting[]): readonly Sighting[] {
    const known = this.load(xsa)
    const news = newSightings(known, seen)
    if (news.length > 0) {
      appendLine(this.#file(xsa), news.map((one) => JSON.stringify(one)).join('\n'), 'all')
    }
    return [...known, ...news]
  }

  #file(xsa: number): string {
    return path.join(this.#folder, `xsa-${xsa}.jsonl`)
  }
}

function parse(line: string): Sighting | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (!isRecord(value)) return undefined
    const { host, at, open } = value
    if (typeof host !== 'string' || typeof at !== 'string') return undefined
    return open === 'true' || open === 'false' || open === 'unknown'
      ? { host, at, open }
      : undefined
  } catch {
    return undefined
  }
}
