import type {
  Condition,
  ConfigTest,
  EqualsTest,
  FactTest,
  OneOfTest,
  SetTest,
  VersionBetweenTest,
  VersionLimitTest,
} from './condition.ts'
import {
  type ScalarFact,
  SCALAR_FACTS,
  type SetFact,
  SET_FACTS,
  type VersionFact,
  VERSION_FACTS,
} from './host-facts.ts'
import { parseXenVersion } from './xen-version.ts'

/** What is wrong in a condition, and where: `condition.all[1].value`. */
export interface ConditionProblem {
  readonly at: string
  readonly problem: string
}

export type ParsedCondition =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'refused'; readonly problems: readonly ConditionProblem[] }

/** Deeper than anything a person writes, and far from what exhausts the stack. */
const DEEPEST = 32
/** Parts of one condition. The longest of Xen's advisories need about twenty. */
const LARGEST = 1000

/**
 * Reads a condition from JSON. Never throws; lists every problem.
 *
 * Anything not understood is refused: a test that was left out would change what the condition
 * means.
 */
export function parseCondition(json: unknown, at = 'condition'): ParsedCondition {
  const reader = new ConditionReader()
  const condition = reader.condition(json, { at, depth: 0 })
  if (condition === undefined || reader.problems.length > 0) {
    return { kind: 'refused', problems: reader.problems }
  }
  return { kind: 'condition', condition }
}

interface Place {
  readonly at: string
  readonly depth: number
}

class ConditionReader {
  readonly problems: ConditionProblem[] = []
  #parts = 0

  condition(json: unknown, place: Place): Condition | undefined {
    this.#parts += 1
    if (this.#parts > LARGEST) {
      // Said once; the parts that follow are not looked at.
      if (this.#parts === LARGEST + 1) this.#refuse(place.at, `has more than ${LARGEST} parts`)
      return undefined
    }
    if (place.depth > DEEPEST) return this.#refuse(place.at, `is nested deeper than ${DEEPEST}`)
    if (!isObject(json)) return this.#refuse(place.at, `is ${kindOf(json)}, not an object`)
    if ('all' in json) {
      const parts = this.#list(json, 'all', place)
      return parts && { all: parts }
    }
    if ('any' in json) {
      const parts = this.#list(json, 'any', place)
      return parts && { any: parts }
    }
    if ('not' in json) {
      this.#onlyKeys(json, ['not'], place.at)
      const inner = { at: `${place.at}.not`, depth: place.depth + 1 }
      const part = this.condition(json['not'], inner)
      return part && { not: part }
    }
    return this.#test(json, place.at)
  }

  #list(json: JsonObject, key: 'all' | 'any', place: Place): readonly Condition[] | undefined {
    this.#onlyKeys(json, [key], place.at)
    const list = json[key]
    const at = `${place.at}.${key}`
    if (!Array.isArray(list)) return this.#refuse(at, `is ${kindOf(list)}, not a list`)
    // An empty `all` would hold of every host, an empty `any` of none: nobody means that.
    if (list.length === 0) return this.#refuse(at, 'is empty')
    const parts: Condition[] = []
    for (const [index, item] of list.entries()) {
      const part = this.condition(item, { at: `${at}[${index}]`, depth: place.depth + 1 })
      if (part !== undefined) parts.push(part)
      if (this.#parts > LARGEST) return undefined
    }
    return parts.length === list.length ? parts : undefined
  }

  #test(json: JsonObject, at: string): FactTest | undefined {
    const source = this.#text(json, 'source', at)
    switch (json['test']) {
      case 'equals': {
        const fact = this.#fact(json, { known: SCALAR_FACTS, at })
        const { value } = json
        this.#onlyKeys(json, ['fact', 'test', 'value', 'source'], at)
        if (typeof value !== 'string' && typeof value !== 'boolean') {
          return this.#refuse(`${at}.value`, `is ${kindOf(value)}, not a string or a boolean`)
        }
        return whole<EqualsTest>({ fact, test: 'equals', value, source })
      }
      case 'one-of': {
        const fact = this.#fact(json, { known: SCALAR_FACTS, at })
        const values = this.#texts(json, 'values', at)
        this.#onlyKeys(json, ['fact', 'test', 'values', 'source'], at)
        return whole<OneOfTest>({ fact, test: 'one-of', values, source })
      }
      case 'before':
      case 'at-least': {
        const fact = this.#fact(json, { known: VERSION_FACTS, at })
        const value = this.#version(json, 'value', at)
        this.#onlyKeys(json, ['fact', 'test', 'value', 'source'], at)
        return whole<VersionLimitTest>({ fact, test: json['test'], value, source })
      }
      case 'between': {
        const fact = this.#fact(json, { known: VERSION_FACTS, at })
        const from = this.#version(json, 'from', at)
        const until = this.#version(json, 'until', at)
        this.#onlyKeys(json, ['fact', 'test', 'from', 'until', 'source'], at)
        return whole<VersionBetweenTest>({ fact, test: 'between', from, until, source })
      }
      case 'has':
      case 'lacks': {
        const fact = this.#fact(json, { known: SET_FACTS, at })
        const value = this.#text(json, 'value', at)
        this.#onlyKeys(json, ['fact', 'test', 'value', 'source'], at)
        if (fact === 'guestTypes' && value !== undefined && !GUEST_TYPES.includes(value)) {
          return this.#refuse(`${at}.value`, `is '${value}', not ${GUEST_TYPES.join(', ')}`)
        }
        return whole<SetTest>({ fact, test: json['test'], value, source })
      }
      case 'is':
        return this.#configTest(json, { at, source })
      default:
        return this.#refuse(`${at}.test`, `is ${wordOf(json['test'])}, which is no test`)
    }
  }

  #configTest(
    json: JsonObject,
    { at, source }: { readonly at: string; readonly source: string | undefined },
  ): FactTest | undefined {
    const fact = this.#fact(json, { known: ['config'] as const, at })
    const option = this.#text(json, 'option', at)
    const value = this.#text(json, 'value', at)
    this.#onlyKeys(json, ['fact', 'test', 'option', 'value', 'source'], at)
    if (option !== undefined && !/^CONFIG_[A-Z0-9_]+$/.test(option)) {
      return this.#refuse(`${at}.option`, `is '${option}', not CONFIG_ and a name`)
    }
    return whole<ConfigTest>({ fact, test: 'is', option, value, source })
  }

  #fact<Fact extends ScalarFact | VersionFact | SetFact | 'config'>(
    json: JsonObject,
    { known, at }: { readonly known: readonly Fact[]; readonly at: string },
  ): Fact | undefined {
    const fact = known.find((name) => name === json['fact'])
    if (fact !== undefined) return fact
    return this.#refuse(
      `${at}.fact`,
      `is ${wordOf(json['fact'])}; the test takes ${known.join(', ')}`,
    )
  }

  #text(json: JsonObject, key: string, at: string): string | undefined {
    const value = json[key]
    if (typeof value === 'string' && value.trim() !== '') return value
    const found = value === '' ? 'empty' : kindOf(value)
    return this.#refuse(`${at}.${key}`, `is ${found}, not a text`)
  }

  #texts(json: JsonObject, key: string, at: string): readonly string[] | undefined {
    const values = json[key]
    const texts = Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
    if (Array.isArray(values) && texts.length === values.length && texts.length > 0) return texts
    return this.#refuse(`${at}.${key}`, 'is not a list of texts')
  }

  #version(json: JsonObject, key: string, at: string): string | undefined {
    const text = this.#text(json, key, at)
    if (text === undefined || parseXenVersion(text) !== undefined) return text
    return this.#refuse(`${at}.${key}`, `is '${text}', not a version`)
  }

  #onlyKeys(json: JsonObject, known: readonly string[], at: string): void {
    for (const key of Object.keys(json)) {
      if (!known.includes(key)) this.#refuse(`${at}.${key}`, 'is not known here')
    }
  }

  #refuse(at: string, problem: string): undefined {
    this.problems.push({ at, problem })
  }
}

/** The test, if every part of it was read. */
function whole<Test extends FactTest>(parts: {
  readonly [Part in keyof Test]: Test[Part] | undefined
}): Test | undefined {
  if (Object.values(parts).includes(undefined)) return undefined
  return parts as Test
}

const GUEST_TYPES: readonly string[] = ['pv', 'pv32', 'pvh', 'hvm']

type JsonObject = Readonly<Record<string, unknown>>

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function kindOf(json: unknown): string {
  if (json === undefined) return 'missing'
  if (json === null) return 'null'
  if (Array.isArray(json)) return 'a list'
  return typeof json === 'object' ? 'an object' : `a ${typeof json}`
}

function wordOf(json: unknown): string {
  return typeof json === 'string' ? `'${json}'` : kindOf(json)
}
