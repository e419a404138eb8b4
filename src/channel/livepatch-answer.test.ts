import { describe, expect, it } from 'vitest'
import { XEN_ERRNO } from '../xen/xen-errno.ts'
import { describeXenAnswer, type LivepatchStep, readXenAnswer } from './livepatch-answer.ts'
import { messagesSince } from './livepatch-evidence.ts'

const { EACCES, EBUSY, EEXIST, EINVAL, ENOENT, ENOSYS, EOPNOTSUPP, EPERM, ERANGE } = XEN_ERRNO

describe('readXenAnswer()', () => {
  it.each<[LivepatchStep, number, string, string]>([
    ['list', ENOSYS, '', 'no-livepatch'],
    ['list', EOPNOTSUPP, '', 'no-livepatch'],
    ['list', EPERM, '', 'not-permitted'],
    ['upload', EACCES, '', 'other-interface'],
    ['upload', EINVAL, 'a: check against hypervisor build-id failed', 'other-build'],
    ['upload', EINVAL, 'a: build-id mismatch:', 'other-build'],
    ['upload', EINVAL, 'a: .livepatch.xen_depends is missing', 'malformed'],
    ['upload', EOPNOTSUPP, 'a: We do not support alternative patching', 'malformed'],
    ['upload', ENOENT, 'a: Unknown symbol: nothing', 'symbol-unknown'],
    ['upload', EEXIST, '', 'name-taken'],
    ['upload', EEXIST, 'a: Already loaded as b!', 'already-loaded'],
    ['upload', EEXIST, 'a: duplicate new symbol: f', 'symbol-taken'],
    ['apply', EINVAL, 'a: check against b build-id failed', 'other-dependency'],
    ['apply', EINVAL, 'a: expectations of f failed (rc=-22), aborting!', 'expectation-failed'],
    ['apply', EINVAL, 'a: expectation failed: expected:90, actual:e9', 'expectation-failed'],
    ['apply', EINVAL, 'a: Verifying enabled expectations for all functions', 'other'],
    ['apply', EBUSY, 'a: Timed out on semaphore in CPU quiesce phase 0/1', 'cpus-not-together'],
    ['apply', EBUSY, '', 'busy'],
    ['apply', ERANGE, '', 'other'],
    ['revert', EBUSY, "a: can't unload. Top is b", 'not-on-top'],
    ['revert', ENOENT, '', 'not-loaded'],
    ['replace', EOPNOTSUPP, '', 'hooks-forbid-replace'],
    ['unload', EINVAL, '', 'still-applied'],
  ])('takes %s with error %i and "%s" for %s', (step, errno, line, meaning) => {
    const evidence = line === '' ? [] : [line]
    expect(readXenAnswer(step, errno, evidence).meaning).toBe(meaning)
  })

  it('does not blame a name alone, for Xen prints nothing about a twin unless built for debugging', () => {
    expect(describeXenAnswer(readXenAnswer('upload', EEXIST, []))).toBe(
      'Xen refused to load the payload (EEXIST): a payload of that name is loaded already, or the ' +
        'same payload under another name',
    )
  })

  it('describes what was asked, the error by name, and what Xen printed', () => {
    const answer = readXenAnswer('upload', EINVAL, ['a: check against hypervisor build-id failed'])
    expect(describeXenAnswer(answer)).toBe(
      'Xen refused to load the payload (EINVAL): the payload is for another build; its console ' +
        "says 'a: check against hypervisor build-id failed'",
    )
  })
})

describe('messagesSince()', () => {
  it('tells what came after, also when the oldest lines were dropped', () => {
    expect(messagesSince(['a', 'b'], ['a', 'b', 'c'])).toEqual(['c'])
    expect(messagesSince(['a', 'b'], ['b', 'c'])).toEqual(['c'])
    expect(messagesSince(['a', 'b'], ['c', 'd'])).toEqual(['c', 'd'])
    expect(messagesSince(['a', 'a'], ['a', 'a'])).toEqual([])
  })
})
