import type { Truth } from './condition.ts'

/** False if any is false, true if all are true. */
export function allOf(truths: Iterable<Truth>): Truth {
  let result: Truth = 'true'
  for (const truth of truths) {
    if (truth === 'false') return 'false'
    if (truth === 'unknown') result = 'unknown'
  }
  return result
}

/** True if any is true, false if all are false. */
export function anyOf(truths: Iterable<Truth>): Truth {
  let result: Truth = 'false'
  for (const truth of truths) {
    if (truth === 'true') return 'true'
    if (truth === 'unknown') result = 'unknown'
  }
  return result
}

export function negation(truth: Truth): Truth {
  if (truth === 'unknown') return 'unknown'
  return truth === 'true' ? 'false' : 'true'
}

export function truthOf(value: boolean | undefined): Truth {
  if (value === undefined) return 'unknown'
  return value ? 'true' : 'false'
}
