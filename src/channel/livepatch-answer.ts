/**
 * What Xen means when a livepatch call fails: one number stands for several things, and its
 * console tells them apart.
 *
 * Read from xen/common/livepatch.c, livepatch_elf.c and arch/x86/livepatch.c of Xen 4.7 to 4.21.
 *
 * @module
 */

import { XEN_ERRNO, xenErrnoName } from '../xen/xen-errno.ts'

export type LivepatchStep = 'list' | 'upload' | 'apply' | 'revert' | 'replace' | 'unload'

/** What an error stands for. */
export type XenMeaning =
  | 'no-livepatch'
  | 'not-permitted'
  | 'other-interface'
  | 'not-loaded'
  | 'name-taken'
  | 'already-loaded'
  | 'symbol-taken'
  | 'symbol-unknown'
  | 'other-build'
  | 'malformed'
  | 'other-dependency'
  | 'expectation-failed'
  | 'needs-new-upload'
  | 'not-on-top'
  | 'hooks-forbid-replace'
  | 'still-applied'
  | 'guest-waits'
  | 'cpus-not-together'
  | 'busy'
  | 'out-of-memory'
  | 'other'

/** An error of Xen, with what it printed meanwhile. */
export interface XenAnswer {
  readonly step: LivepatchStep
  /** Positive. */
  readonly errno: number
  readonly meaning: XenMeaning
  /** Lines of Xen's console about livepatches that came with it, oldest first. */
  readonly evidence: readonly string[]
}

export function readXenAnswer(
  step: LivepatchStep,
  errno: number,
  evidence: readonly string[],
): XenAnswer {
  return { step, errno, meaning: meaningOf(step, errno, evidence), evidence }
}

/** Errors that mean the same whatever was asked. */
const ANYWHERE: ReadonlyMap<number, XenMeaning> = new Map([
  [XEN_ERRNO.EPERM, 'not-permitted'],
  [XEN_ERRNO.EACCES, 'other-interface'],
  [XEN_ERRNO.ENOSYS, 'no-livepatch'],
  [XEN_ERRNO.ENOMEM, 'out-of-memory'],
])

interface Rule {
  readonly steps: readonly LivepatchStep[]
  readonly errno: number
  /** A line of the console that must be there, where the number alone does not tell. */
  readonly line?: RegExp
  readonly meaning: XenMeaning
}

const APPLYING: readonly LivepatchStep[] = ['apply', 'replace']
const ACTING: readonly LivepatchStep[] = ['apply', 'replace', 'revert']
const { EBUSY, EEXIST, EINVAL, ENOENT, ENOEXEC, EOPNOTSUPP } = XEN_ERRNO

/** The first that fits counts. */
const RULES: readonly Rule[] = [
  { steps: ['list'], errno: EOPNOTSUPP, meaning: 'no-livepatch' },
  { steps: ['upload'], errno: EEXIST, line: /Already loaded as/, meaning: 'already-loaded' },
  { steps: ['upload'], errno: EEXIST, line: /duplicate new symbol/, meaning: 'symbol-taken' },
  { steps: ['upload'], errno: EEXIST, meaning: 'name-taken' },
  { steps: ['upload'], errno: ENOENT, meaning: 'symbol-unknown' },
  { steps: ['upload'], errno: EINVAL, line: /build-id (failed|mismatch)/, meaning: 'other-build' },
  { steps: ['upload'], errno: EINVAL, meaning: 'malformed' },
  { steps: ['upload'], errno: EOPNOTSUPP, meaning: 'malformed' },
  { steps: ['upload'], errno: ENOEXEC, meaning: 'malformed' },
  { steps: APPLYING, errno: EINVAL, line: /build-id failed/, meaning: 'other-dependency' },
  { steps: APPLYING, errno: EINVAL, line: /expectation.* failed/, meaning: 'expectation-failed' },
  { steps: APPLYING, errno: EINVAL, line: /Please unload/, meaning: 'needs-new-upload' },
  { steps: ['replace'], errno: EOPNOTSUPP, meaning: 'hooks-forbid-replace' },
  { steps: ['revert'], errno: EBUSY, line: /Top is /, meaning: 'not-on-top' },
  { steps: ['unload'], errno: EINVAL, meaning: 'still-applied' },
  { steps: ACTING, errno: EBUSY, line: /Safety checks failed/, meaning: 'guest-waits' },
  { steps: ACTING, errno: EBUSY, line: /Timed out on/, meaning: 'cpus-not-together' },
  { steps: [...ACTING, 'unload'], errno: ENOENT, meaning: 'not-loaded' },
  { steps: [...ACTING, 'unload'], errno: EBUSY, meaning: 'busy' },
]

function meaningOf(step: LivepatchStep, errno: number, evidence: readonly string[]): XenMeaning {
  const anywhere = ANYWHERE.get(errno)
  if (anywhere !== undefined) return anywhere
  const rule = RULES.find(
    ({ steps, errno: wanted, line }) =>
      steps.includes(step) &&
      wanted === errno &&
      (line === undefined || evidence.some((each) => line.test(each))),
  )
  return rule?.meaning ?? 'other'
}

/** Whether asking again may help. */
export function isPassing(meaning: XenMeaning): boolean {
  return meaning === 'busy' || meaning === 'cpus-not-together' || meaning === 'guest-waits'
}

const WORDS: Readonly<Record<XenMeaning, string>> = {
  'no-livepatch': 'it was built without livepatching (CONFIG_LIVEPATCH)',
  'not-permitted': 'its security policy (XSM) does not permit this domain to livepatch',
  'other-interface': 'it speaks another version of the interface',
  'not-loaded': 'no payload of that name is loaded',
  'name-taken': 'a payload of that name is loaded already, or the same payload under another name',
  'already-loaded': 'the same payload is loaded already, under another name',
  'symbol-taken': 'the payload brings a symbol that is there already',
  'symbol-unknown': 'the payload wants a symbol that Xen does not have',
  'other-build': 'the payload is for another build',
  malformed: 'it does not take the payload for a well-formed one',
  'other-dependency': 'the payload stands on another one than is on top of the stack',
  'expectation-failed': 'the bytes to be replaced are not those that the payload expects',
  'needs-new-upload': 'the payload was reverted before, and must be loaded anew',
  'not-on-top': 'another payload was applied after it',
  'hooks-forbid-replace': 'a payload with hooks cannot be replaced, nor replace others',
  'still-applied': 'the payload is applied',
  'guest-waits': 'a domain waits inside the hypervisor (vm_event, paging or sharing)',
  'cpus-not-together': 'its CPUs did not come together in time',
  busy: 'it is at work on another livepatch action, or its CPUs are coming and going',
  'out-of-memory': 'it has not enough memory',
  other: 'it does not say why',
}

/** `Xen refused to load the payload (EINVAL): the payload is for another build`. */
export function describeXenAnswer({ step, errno, meaning, evidence }: XenAnswer): string {
  const what = step === 'upload' ? 'load the payload' : step === 'list' ? 'list' : `${step} it`
  const said = evidence.at(-1)
  return (
    `Xen refused to ${what} (${xenErrnoName(errno)}): ${WORDS[meaning]}` +
    (said === undefined ? '' : `; its console says '${said}'`)
  )
}
