import type { FactTest, Truth } from './condition.ts'
import type { HostFacts, PartialSet, SetFact } from './host-facts.ts'
import { truthOf } from './truth.ts'
import { compareXenVersions, parseXenVersion } from './xen-version.ts'

/**
 * What one test looks at, in one word: a version, `y`, `present`. Undefined where it is not known.
 *
 * Tests with the same `subjectOf()` get the same reading from the same host, so that a fleet is
 * read once for each subject.
 */
export type Reading = string | undefined

/** The part of a host's facts that a test reads: `xenVersion`, `guestTypes:hvm`. */
export function subjectOf(test: FactTest): string {
  switch (test.test) {
    case 'has':
    case 'lacks':
      return `${test.fact}:${test.value}`
    case 'is':
      return `config:${test.option}`
    default:
      return test.fact
  }
}

export function readSubject(test: FactTest, facts: HostFacts): Reading {
  switch (test.test) {
    case 'has':
    case 'lacks':
      return membership(test.fact, test.value, facts)
    case 'is':
      return facts.config?.options[test.option] ?? (facts.config?.whole === true ? 'n' : undefined)
    default: {
      const value = facts[test.fact]
      return value === undefined ? undefined : String(value)
    }
  }
}

/** Whether the test holds of a reading. A version that cannot be ordered leaves it unknown. */
export function judge(test: FactTest, reading: Reading): Truth {
  if (reading === undefined) return 'unknown'
  switch (test.test) {
    case 'equals':
      return truthOf(reading === String(test.value))
    case 'one-of':
      return truthOf(test.values.includes(reading))
    case 'before':
      return truthOf(isBefore(reading, test.value))
    case 'at-least':
      return truthOf(negate(isBefore(reading, test.value)))
    case 'between': {
      const tooEarly = isBefore(reading, test.from)
      const earlyEnough = isBefore(reading, test.until)
      if (tooEarly === true || earlyEnough === false) return 'false'
      return tooEarly === undefined || earlyEnough === undefined ? 'unknown' : 'true'
    }
    case 'has':
      return truthOf(reading === 'present')
    case 'lacks':
      return truthOf(reading === 'absent')
    case 'is':
      return truthOf(reading === test.value)
  }
}

/** The test in words, without its source: `xenVersion before 4.18`. */
export function describeTest(test: FactTest): string {
  switch (test.test) {
    case 'equals':
      return `${test.fact} is ${test.value}`
    case 'one-of':
      return `${test.fact} is one of ${test.values.join(', ')}`
    case 'before':
      return `${test.fact} before ${test.value}`
    case 'at-least':
      return `${test.fact} at least ${test.value}`
    case 'between':
      return `${test.fact} from ${test.from} until ${test.until}`
    case 'has':
    case 'lacks':
      return `${test.fact} ${test.test} ${test.value}`
    case 'is':
      return `${test.option} is ${test.value}`
  }
}

function isBefore(reading: string, limit: string): boolean | undefined {
  const found = parseXenVersion(reading)
  const wanted = parseXenVersion(limit)
  if (found === undefined || wanted === undefined) return undefined
  const order = compareXenVersions(found, wanted)
  return order === undefined ? undefined : order < 0
}

function negate(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value
}

function membership(fact: SetFact, member: string, facts: HostFacts): Reading {
  switch (fact) {
    case 'guestTypes':
      return guestTypePresent(member, facts)
    case 'commandLine':
      return commandLineHas(member, facts)
    default:
      return inPartialSet(member, facts[fact])
  }
}

function inPartialSet(member: string, set: PartialSet | undefined): Reading {
  if (set === undefined) return undefined
  if (set.present.includes(member)) return 'present'
  return set.absent === 'rest' || set.absent.includes(member) ? 'absent' : undefined
}

function guestTypePresent(type: string, facts: HostFacts): Reading {
  const counts = facts.guestTypes
  if (counts === undefined) return undefined
  if (type !== 'pv' && type !== 'pv32' && type !== 'pvh' && type !== 'hvm') return undefined
  // 32-bit PV guests are counted among the PV ones, so either number may settle the other.
  if (type === 'pv' && counts.pv === undefined && (counts.pv32 ?? 0) > 0) return 'present'
  if (type === 'pv32' && counts.pv32 === undefined && counts.pv === 0) return 'absent'
  const count = counts[type]
  if (count === undefined) return undefined
  return count > 0 ? 'present' : 'absent'
}

function commandLineHas(word: string, facts: HostFacts): Reading {
  if (facts.commandLine === undefined) return undefined
  // Most words are in no command line at all, which shows without taking it apart.
  if (!facts.commandLine.includes(word.slice(word.indexOf('=') + 1))) return 'absent'
  const words = facts.commandLine.split(/\s+/).flatMap(expandOption)
  return words.includes(word) ? 'present' : 'absent'
}

/** `iommu=strict,verbose` as itself, `iommu=strict` and `iommu=verbose`. */
function expandOption(word: string): readonly string[] {
  const equals = word.indexOf('=')
  if (equals < 0) return [word]
  const name = word.slice(0, equals)
  const parts = word.slice(equals + 1).split(',')
  return [word, ...parts.map((part) => `${name}=${part}`)]
}
