import type { Instant } from './host-facts.ts'
import type { ImportProblem, ImportProblemName } from './import-problem.ts'
import { parseInstant } from './instant.ts'

/**
 * The tolerant reading of a JSON object.
 *
 * A field that is missing or null is undefined and no problem. One of another type than wanted is
 * undefined, a problem, and kept. `rest()` gives back all that was not understood, as it came, so
 * that nothing of a file is lost.
 */
export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #at: string
  readonly #problems: ImportProblem[]
  readonly #file: string
  readonly #understood = new Set<string>()
  readonly #inner = new Map<string, JsonFields>()
  readonly #innerLists = new Map<string, readonly JsonFields[]>()

  private constructor(
    fields: Readonly<Record<string, unknown>>,
    at: string,
    file: string,
    problems: ImportProblem[],
  ) {
    this.#fields = fields
    this.#at = at
    this.#file = file
    this.#problems = problems
  }

  /** Undefined where `value` is no object. */
  static of(
    value: unknown,
    place: { readonly file: string; readonly at: string; readonly problems: ImportProblem[] },
  ): JsonFields | undefined {
    return isRecord(value) ? new JsonFields(value, place.at, place.file, place.problems) : undefined
  }

  has(key: string): boolean {
    return this.#fields[key] !== undefined && this.#fields[key] !== null
  }

  /** The field as it came. Counts as understood. */
  value(key: string): unknown {
    this.#understood.add(key)
    return this.#fields[key]
  }

  /** The field as it came, without counting it as understood: `rest()` keeps it. */
  peek(key: string): unknown {
    return this.#fields[key]
  }

  text(key: string): string | undefined {
    return this.#typed(key, 'text', (value) => (typeof value === 'string' ? value : undefined))
  }

  /** A whole number above 0, also as text, with `XSA-` before it or without. */
  number(key: string): number | undefined {
    return this.#typed(key, 'a number above 0', xsaNumberOf)
  }

  flag(key: string): boolean | undefined {
    return this.#typed(key, 'true or false', (value) =>
      typeof value === 'boolean' ? value : undefined,
    )
  }

  /** A list, or one thing that stands for a list of it. */
  list(key: string): readonly unknown[] {
    if (!this.has(key)) {
      this.#understood.add(key)
      return []
    }
    const value = this.value(key)
    return Array.isArray(value) ? value : [value]
  }

  /** The texts of a list. Other things in it are a problem, and the list is then kept whole. */
  texts(key: string): readonly string[] {
    const all = this.list(key)
    const texts = all.filter((one) => typeof one === 'string')
    if (texts.length < all.length) this.#misread(key, 'bad-field', 'A list of texts is wanted here')
    return texts
  }

  /** The objects of a list, each with its place. */
  objects(key: string): readonly JsonFields[] {
    const before = this.#innerLists.get(key)
    if (before !== undefined) return before
    const objects = this.list(key).flatMap((one, index) => {
      const at = `${this.#path(key)}[${index}]`
      const fields = JsonFields.of(one, { file: this.#file, at, problems: this.#problems })
      if (fields === undefined) this.#misread(key, 'bad-field', 'A list of objects is wanted here')
      return fields ?? []
    })
    if (objects.length === this.list(key).length) this.#innerLists.set(key, objects)
    return objects
  }

  /**
   * An object within this one. What is not understood of it turns up in this one's `rest()`.
   *
   * A key that the file chose, and not its format, must not be told in a problem's place; `place`
   * is told in its stead.
   */
  object(key: string, place = key): JsonFields | undefined {
    const before = this.#inner.get(key)
    if (before !== undefined) return before
    if (!this.has(key)) return undefined
    const fields = JsonFields.of(this.#fields[key], {
      file: this.#file,
      at: this.#path(place),
      problems: this.#problems,
    })
    if (fields === undefined) this.#misread(key, 'bad-field', 'An object is wanted here', place)
    else this.#inner.set(key, fields)
    return fields
  }

  instant(key: string): Instant | undefined {
    const text = this.text(key)
    if (text === undefined || text.trim() === '') return undefined
    const read = parseInstant(text)
    if (read.kind === 'instant') return read.instant
    if (read.kind === 'before-2000') {
      this.#misread(key, 'date-before-2000', 'The date is earlier than any release of Xen')
    } else this.#misread(key, 'bad-date', 'This is no date in ISO 8601')
    return undefined
  }

  /** Says that the field was read, but means nothing here. It is kept. */
  refuse(key: string, name: ImportProblemName, sentence: string): void {
    this.#misread(key, name, sentence)
  }

  keys(): readonly string[] {
    return Object.keys(this.#fields)
  }

  /** Everything that was not understood, as it came. */
  rest(): Readonly<Record<string, unknown>> {
    const left: [string, unknown][] = []
    for (const [key, value] of Object.entries(this.#fields)) {
      const inner = this.#inner.get(key)
      const list = this.#innerLists.get(key)?.map((one) => one.rest())
      if (inner !== undefined) {
        const rest = inner.rest()
        if (Object.keys(rest).length > 0) left.push([key, rest])
      } else if (list !== undefined) {
        if (list.some((rest) => Object.keys(rest).length > 0)) left.push([key, list])
      } else if (!this.#understood.has(key)) left.push([key, value])
    }
    return Object.fromEntries(left)
  }

  #typed<T>(key: string, wanted: string, read: (value: unknown) => T | undefined): T | undefined {
    if (!this.has(key)) {
      this.#understood.add(key)
      return undefined
    }
    const value = read(this.value(key))
    if (value === undefined) this.#misread(key, 'bad-field', `This must be ${wanted}`)
    return value
  }

  #misread(key: string, name: ImportProblemName, sentence: string, place = key): void {
    this.#understood.delete(key)
    this.#inner.delete(key)
    this.#innerLists.delete(key)
    const problem: ImportProblem = {
      name,
      file: this.#file,
      at: this.#path(place),
      lost: 'field',
      sentence,
    }
    this.#problems.push(problem)
  }

  #path(key: string): string {
    return this.#at === '' ? key : `${this.#at}.${key}`
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The number that `306`, `"306"`, `"XSA-306"` or `"xsa306"` name. */
export function xsaNumberOf(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const digits = /^(?:XSA-?)?([1-9]\d{0,6})$/i.exec(text.trim())?.[1]
  return digits === undefined ? undefined : Number(digits)
}
