/**
 * Readers that turn a value out of `JSON.parse` into a typed one, or say where it has another form.
 *
 * A reader takes no member too many and none too few: what a later version added is not skipped
 * in silence.
 *
 * @module
 */

/** Turns `value`, found at `path`, into a `T`. Throws `FormFault`; see `readForm`. */
export type Reader<T> = (value: unknown, path: string) => T

/** The value that the reader makes, or the first place where the form is another. */
export function readForm<T>(
  reader: Reader<T>,
  value: unknown,
): { readonly kind: 'read'; readonly value: T } | { readonly kind: 'fault'; readonly why: string } {
  try {
    return { kind: 'read', value: reader(value, '') }
  } catch (error) {
    if (!(error instanceof FormFault)) throw error
    return { kind: 'fault', why: error.message }
  }
}

/** An object with exactly these members. */
export function object<T extends object>(members: { [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    const given = record(value, path)
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(members, name)) throw new FormFault(path, `has no member '${name}'`)
    }
    const made: Partial<T> = {}
    for (const name in members) made[name] = members[name](own(given, name), `${path}.${name}`)
    return made as T
  }
}

/** One of several objects, told apart by their `kind`. */
export function variant<T extends { readonly kind: string }>(variants: {
  [K in T['kind']]: Reader<Extract<T, { readonly kind: K }>>
}): Reader<T> {
  const readers: Readonly<Record<string, Reader<T>>> = variants
  return (value, path) => {
    const kind = own(record(value, path), 'kind')
    const reader = typeof kind === 'string' && Object.hasOwn(readers, kind) && readers[kind]
    if (!reader)
      throw new FormFault(`${path}.kind`, `is none of ${Object.keys(readers).join(', ')}`)
    return reader(value, path)
  }
}

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new FormFault(path, 'is not a list')
    return value.map((each, index) => item(each, `${path}[${index}]`))
  }
}

export function oneOf<const T extends string>(...texts: readonly T[]): Reader<T> {
  return (value, path) => {
    const found = texts.find((each) => each === value)
    if (found === undefined) throw new FormFault(path, `is none of ${texts.join(', ')}`)
    return found
  }
}

/** Text that `parse` understands; undefined means that it does not. */
export function parsed<T>(wanted: string, parse: (value: string) => T | undefined): Reader<T> {
  return (value, path) => {
    const made = parse(text(value, path))
    if (made === undefined) throw new FormFault(path, `is not ${wanted}`)
    return made
  }
}

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw new FormFault(path, 'is not text')
  return value
}

/** A whole number from 0. */
export const count: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new FormFault(path, 'is not a whole number from 0')
  }
  return value
}

/** Internal to the readers: carries the place out of nested ones. */
class FormFault extends Error {
  readonly code = 'form-fault'

  constructor(path: string, what: string) {
    super(`${path === '' ? 'the body' : path.replace(/^\./, '')} ${what}`)
  }
}

function record(value: unknown, path: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormFault(path, 'is not an object')
  }
  return value
}

function own(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
