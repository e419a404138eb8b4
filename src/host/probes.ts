import type { Hypervisor } from '../xen/hypervisor.ts'

/** What one probe found. `answer` is the hypercall's return value. */
export interface ProbeFinding {
  readonly probe: string
  readonly state: 'closed' | 'open' | 'unexpected'
  readonly answer: number
  readonly wanted: number
  /** One sentence for people. */
  readonly sentence: string
}

/**
 * A harmless question to the running hypervisor that tells whether a hole is open.
 *
 * Probes are part of Reweave and named by fix files, never contained in them: a fix file is not
 * trusted with hypercalls.
 */
export interface Probe {
  readonly name: string
  readonly advisory: string
  /** What it does, and what it can and cannot tell. */
  readonly about: string
  run(hypervisor: Hypervisor): ProbeFinding
}

// public/xen.h: __HYPERVISOR_dm_op 41. errno: public/errno.h.
const DM_OP = 41
const ESRCH = -3
const ENODATA = -61
/** DOMID_INVALID (public/xen.h): no domain can have it, so an open Xen fails to find it. */
const NO_SUCH_DOMAIN = 0x7ff4

const dmOpWithoutBuffers: Probe = {
  name: 'dm-op-without-buffers',
  advisory: 'XSA-506',
  about:
    'Makes a dm_op hypercall with no buffers for a domain that does not exist. A mended Xen ' +
    'refuses the missing buffers first (-ENODATA); an open one goes on to look for the domain ' +
    '(-ESRCH) and has touched no stack by then. Sees the 64-bit entry only.',
  run(hypervisor) {
    const answer = hypervisor.call(DM_OP, NO_SUCH_DOMAIN, 0, 0)
    return judge(this.name, answer, { closed: ENODATA, open: ESRCH })
  },
}

export const PROBES: readonly Probe[] = [dmOpWithoutBuffers]

export function findProbe(name: string): Probe | undefined {
  return PROBES.find((probe) => probe.name === name)
}

/** The finding for an answer, where the two states answer differently. */
export function judge(
  probe: string,
  answer: number,
  answers: { readonly closed: number; readonly open: number },
): ProbeFinding {
  const wanted = answers.closed
  if (answer === wanted) {
    const sentence = `${probe}: closed (answered ${answer}, as it must)`
    return { probe, state: 'closed', answer, wanted, sentence }
  }
  const state = answer === answers.open ? 'open' : 'unexpected'
  const verdict = state === 'open' ? 'open' : 'not known to be closed'
  const sentence = `${probe}: ${verdict} (answered ${answer}, must be ${wanted})`
  return { probe, state, answer, wanted, sentence }
}
