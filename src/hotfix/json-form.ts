/**
 * Readers that turn a value out of `JSON.parse` into a typed one, or say where it has another form.
 *
 * A reader takes no member too many and none too few: what a later version added is not skipped
 * in silence.
 *
 * @module
 */

import { quoted } from './fix-problem.ts'

/** Turns `value`, found at `path`, into a `T`. Throws `FormFault`; see `readForm`. */
export type Reader<T> = (value: unknown, path: string) => T

/** The first place of a value that has another form than wanted. */
export interface FormProblem {
  /** `base.buildId`, `functions[3].name`; empty for the value as a whole. */
  readonly field: string
  /** Shortened and printable. */
  readonly found: string
  readonly wanted: string
}

/** The value that the reader makes, or the first place where the form is another. */
export function readForm<T>(
  reader: Reader<T>,
  value: unknown,
): { readonly kind: 'read'; readonly value: T } | ({ readonly kind: 'fault' } & FormProblem) {
  try {
    return { kind: 'read', value: reader(value, '') }
  } catch (error) {
    if (!(error instanceof FormFault)) throw error
    return { kind: 'fault', ...error.problem }
  }
}

/** An object with exactly these members; those read by `optional()` may be left out. */
export function object<T extends object>(members: { [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    const given = record(value, path)
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(members, name)) {
        throw new FormFault(join(path, name), 'a member', 'no such member')
      }
    }
    const made: Partial<T> = {}
    for (const name in members) made[name] = members[name](own(given, name), join(path, name))
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
    if (!reader) throw fault(kind, join(path, 'kind'), choice(Object.keys(readers)))
    return reader(value, path)
  }
}

/** A list of at most `most` items. */
export function list<T>(item: Reader<T>, most = Number.POSITIVE_INFINITY): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw fault(value, path, 'a list')
    if (value.length > most) {
      throw new FormFault(path, `${value.length} items`, `at most ${most} items`)
    }
    return value.map((each, index) => item(each, `${path}[${index}]`))
  }
}

/** Undefined where the member is left out. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === undefined ? undefined : reader(value, path))
}

/** One of a few texts, numbers or truth values. */
export function oneOf<const T extends string | number | boolean>(
  ...values: readonly T[]
): Reader<T> {
  return (value, path) => {
    const found = values.find((each) => each === value)
    if (found === undefined) throw fault(value, path, choice(values.map(String)))
    return found
  }
}

/** Text that `parse` understands; undefined means that it does not. */
export function parsed<T>(wanted: string, parse: (value: string) => T | undefined): Reader<T> {
  return (value, path) => {
    const made = parse(text(value, path))
    if (made === undefined) throw fault(value, path, wanted)
    return made
  }
}

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw fault(value, path, 'text')
  return value
}

export const flag: Reader<boolean> = oneOf(true, false)

/** A whole number from 0. */
export const count: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw fault(value, path, 'a whole number from 0')
  }
  return value
}

/** Internal to the readers: carries the place out of nested ones. */
class FormFault extends Error {
  readonly code = 'form-fault'
  readonly problem: FormProblem

  constructor(field: string, found: string, wanted: string) {
    super(`${field === '' ? 'the whole' : field} is ${found}, wanted ${wanted}`)
    this.problem = { field, found, wanted }
  }
}

function fault(value: unknown, path: string, wanted: string): FormFault {
  return new FormFault(path, describe(value), wanted)
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  // A number, a truth value or null.
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value)
}

function choice(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? '') : `one of ${names.join(', ')}`
}

function join(path: string, name: string): string {
  return path === '' ? quotedName(name) : `${path}.${quotedName(name)}`
}

/** Member names come from the file too; only plain ones are told as they are. */
function quotedName(name: string): string {
  return /^[A-Za-z0-9]{1,40}$/.test(name) ? name : quoted(name)
}

function record(value: unknown, path: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(value, path, 'an object')
  }
  return value
}

function own(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
