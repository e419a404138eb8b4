import { isMeasured, type Quantity } from './quantity-text.ts'

/** What the probe of XSA-506 says of the hypervisor that gave an answer. */
export interface ProbeAnswer {
  readonly state: 'open' | 'closed' | 'unexpected' | 'not-asked'
  /** `-61 (ENODATA)` */
  readonly text: string
  /** What the answer tells, in one sentence. */
  readonly meaning: string
}

// The same two answers as the probe itself takes (`src/host/probes.ts`); a test holds them together.
const OPEN = -3
const CLOSED = -61

/** Reads the return value of a `dm_op` without buffers for a domain that does not exist. */
export function readProbeAnswer(answer: Quantity): ProbeAnswer {
  if (!isMeasured(answer)) {
    return {
      state: 'not-asked',
      text: 'no answer',
      meaning: 'The demo ended before it asked.',
    }
  }
  const name = ERRNO_NAMES[String(answer)]
  const text = name === undefined ? String(answer) : `${answer} (${name})`
  if (answer === OPEN) {
    return {
      state: 'open',
      text,
      meaning: 'Xen went on to look for the domain, and never asked whether it was given a buffer.',
    }
  }
  if (answer === CLOSED) {
    return {
      state: 'closed',
      text,
      meaning: 'Xen refused the call at once, because it came without a buffer.',
    }
  }
  return {
    state: 'unexpected',
    text,
    meaning: 'Neither the open nor the closed answer, so the hole is not known to be closed.',
  }
}

/** Xen's public/errno.h, what a `dm_op` may come back with. */
const ERRNO_NAMES: Readonly<Record<string, string>> = {
  '-1': 'EPERM',
  '-3': 'ESRCH',
  '-7': 'E2BIG',
  '-11': 'EAGAIN',
  '-12': 'ENOMEM',
  '-14': 'EFAULT',
  '-16': 'EBUSY',
  '-22': 'EINVAL',
  '-38': 'ENOSYS',
  '-61': 'ENODATA',
  '-95': 'EOPNOTSUPP',
}
