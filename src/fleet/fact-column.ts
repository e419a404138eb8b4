import type { HostFacts } from '../advisory/host-facts.ts'

/**
 * One subject of conditions over many hosts, as small numbers: equal readings have one number.
 *
 * `exampleOf()` gives the facts of some host with a reading, so that what depends on the reading
 * alone is worked out once for each and not for every host.
 */
export class FactColumn {
  readonly #read: (facts: HostFacts) => string | undefined
  readonly #numbers = new Map<string | undefined, number>()
  readonly #examples: HostFacts[] = []

  constructor(read: (facts: HostFacts) => string | undefined) {
    this.#read = read
  }

  /** The number of distinct readings so far. */
  get size(): number {
    return this.#examples.length
  }

  numberOf(facts: HostFacts): number {
    const reading = this.#read(facts)
    const known = this.#numbers.get(reading)
    if (known !== undefined) return known
    const number = this.#examples.length
    this.#numbers.set(reading, number)
    this.#examples.push(facts)
    return number
  }

  exampleOf(number: number): HostFacts {
    const example = this.#examples[number]
    if (example === undefined) throw new RangeError(`No reading has the number ${number}`)
    return example
  }
}
