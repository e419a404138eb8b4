import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  Scalar,
} from 'yaml'
import type { CodeText } from './code-text.ts'
import { readCodeText } from './code-text.ts'
import { type FixProblem, printable, quoted } from './fix-problem.ts'
import type { TextShape } from './text-shapes.ts'

/** The node of a field and the field's path. */
export interface Field {
  readonly path: string
  readonly node: unknown
}

/**
 * The typed reading of a YAML document: every reader gives a value, or records what is wrong and
 * gives undefined. Problems are collected, so that one run lists them all.
 */
export class FixFields {
  readonly problems: FixProblem[] = []
  readonly #source: string
  readonly #lines: LineCounter

  constructor(source: string, lines: LineCounter) {
    this.#source = source
    this.#lines = lines
  }

  /** The fields of a mapping that has all `required` keys and none besides `optional` ones. */
  mapping(
    field: Field,
    keys: { readonly required: readonly string[]; readonly optional?: readonly string[] },
  ): ReadonlyMap<string, Field> | undefined {
    const node = this.#plain(field)
    if (node === undefined) return undefined
    if (!isMap(node)) {
      this.report(field, describeNode(node), 'a mapping', 'This must be a mapping of fields')
      return undefined
    }
    const known = [...keys.required, ...(keys.optional ?? [])]
    const fields = new Map<string, Field>()
    for (const pair of node.items) this.#member(field, pair, known, fields)
    for (const key of keys.required) {
      if (fields.has(key)) continue
      this.report({ ...field, path: join(field.path, key) }, 'nothing', key, 'The field is missing')
    }
    return fields
  }

  /** The items of a list with at least `fewest` and at most `most` of them. */
  list(field: Field, size: { fewest: number; most: number }): readonly Field[] | undefined {
    const node = this.#plain(field)
    if (node === undefined) return undefined
    const wanted = `a list of ${size.fewest} to ${size.most}`
    if (!isSeq(node)) {
      this.report(field, describeNode(node), wanted, 'This must be a list')
      return undefined
    }
    const { length } = node.items
    if (length < size.fewest || length > size.most) {
      this.report(field, `${length} items`, wanted, 'The list is too short or too long')
      return undefined
    }
    return node.items.map((item, index) => ({ path: `${field.path}[${index}]`, node: item }))
  }

  /** Text in one line, without control characters. */
  text(field: Field | undefined, shape: TextShape): string | undefined {
    const scalar = this.#scalar(field)
    if (field === undefined || scalar === undefined) return undefined
    const value = scalar.replaceAll(/\s*\n\s*/g, ' ').trim()
    if (value === '' || printable(value) !== value) {
      this.report(
        field,
        quoted(scalar),
        shape.wanted,
        'The text is empty or has control characters',
      )
      return undefined
    }
    if (value.length > shape.longest) {
      const wanted = `at most ${shape.longest} characters`
      this.report(field, `${value.length} characters`, wanted, 'The text is too long')
      return undefined
    }
    if (shape.pattern !== undefined && !shape.pattern.test(value)) {
      this.report(field, quoted(value), shape.wanted, 'The text has another shape')
      return undefined
    }
    return value
  }

  /** Bytes with holes, between `fewest` and `most`. */
  code(
    field: Field | undefined,
    size: { readonly fewest: number; readonly most: number },
  ): CodeText | undefined {
    const scalar = this.#scalar(field)
    if (field === undefined || scalar === undefined) return undefined
    const code = readCodeText(scalar)
    for (const { line, column, ...problem } of code.problems) {
      const place = this.#placeWithin(field.node, scalar, line, column)
      this.problems.push({
        field: field.path,
        ...place,
        found: quoted(problem.found),
        wanted: problem.wanted,
        sentence: problem.sentence,
      })
    }
    if (code.problems.length > 0) return undefined
    const { byteLength } = code.bytes
    if (byteLength < size.fewest || byteLength > size.most) {
      const wanted = `${size.fewest} to ${size.most} bytes`
      this.report(field, `${byteLength} bytes`, wanted, 'There are too few or too many bytes')
      return undefined
    }
    return code
  }

  /** Bytes without holes. */
  bytes(
    field: Field | undefined,
    size: { readonly fewest: number; readonly most: number },
  ): Uint8Array | undefined {
    const code = this.code(field, size)
    if (field === undefined || code === undefined) return undefined
    if (code.relocations.length > 0) {
      this.report(field, 'a hole', 'bytes alone', 'Only new code may have holes')
      return undefined
    }
    return code.bytes
  }

  report(field: Field, found: string, wanted: string, sentence: string): void {
    const offset = startOf(field.node)
    this.reportAt(offset, field.path, { found, wanted, sentence })
  }

  reportAt(
    offset: number,
    field: string,
    facts: { readonly found: string; readonly wanted: string; readonly sentence: string },
  ): void {
    this.problems.push({ field, ...this.#position(offset), ...facts })
  }

  #member(field: Field, pair: Pair, known: readonly string[], fields: Map<string, Field>): void {
    const at = { path: field.path, node: pair.key }
    const key = this.#scalar(at)
    if (key === undefined) return
    if (fields.has(key)) {
      this.report(at, quoted(key), 'each field once', 'The field stands here twice')
    } else if (!known.includes(key)) {
      this.report(at, quoted(key), `one of ${known.join(', ')}`, 'There is no such field')
    } else {
      const node = pair.value ?? pair.key
      fields.set(key, { path: join(field.path, key), node })
    }
  }

  #scalar(field: Field | undefined): string | undefined {
    if (field === undefined) return undefined
    const node = this.#plain(field)
    if (node === undefined) return undefined
    if (!isScalar(node) || typeof node.value !== 'string') {
      this.report(field, describeNode(node), 'text', 'This must be text')
      return undefined
    }
    return node.value
  }

  /** The node, if it has no anchor, no tag, and is no alias: a fix needs none of them. */
  #plain(field: Field): Node | undefined {
    const { node } = field
    if (isAlias(node)) {
      this.report(field, 'an alias', 'the value itself', 'Aliases are not allowed')
      return undefined
    }
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) {
      this.report(field, 'nothing', 'a value', 'The field has no value')
      return undefined
    }
    if (node.anchor !== undefined || node.tag !== undefined) {
      const found = node.tag === undefined ? 'an anchor' : 'a tag'
      this.report(field, found, 'the value alone', 'Anchors and tags are not allowed')
      return undefined
    }
    return node
  }

  /** Where a place in a scalar's text stands in the file. */
  #placeWithin(
    node: unknown,
    text: string,
    line: number,
    column: number,
  ): { line: number; column: number } {
    const start = this.#position(startOf(node))
    if (!isScalar(node)) return start
    if (node.type === Scalar.BLOCK_LITERAL) {
      const at = start.line + 1 + line
      const lineStart = this.#lines.lineStarts[at - 1] ?? 0
      const inFile = this.#source.slice(lineStart).split('\n', 1)[0]?.replace(/\r$/, '') ?? ''
      const indent = inFile.length - (text.split('\n')[line]?.length ?? 0)
      return { line: at, column: Math.max(indent, 0) + column + 1 }
    }
    const oneLine = node.type === Scalar.PLAIN && line === 0
    return oneLine ? { line: start.line, column: start.column + column } : start
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function startOf(node: unknown): number {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return 0
  return node.range?.[0] ?? 0
}

function describeNode(node: Node): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return 'a list'
  return isScalar(node) ? quoted(String(node.value)) : 'something else'
}
