import type { FeatureName } from '../advisory/feature-names.ts'
import type { Domain } from '../xen/domains.ts'
import type { Dom0Process } from './dom0-processes.ts'

/** What features are told from. */
export interface FeatureEvidence {
  readonly processes: readonly Dom0Process[]
  /** All domains, Dom0 among them; undefined where they cannot be listed. */
  readonly domains: readonly Domain[] | undefined
  /** The program of the running C xenstored, if one runs and can be read. */
  readonly xenstored: Uint8Array | undefined
}

/** The processes that `featuresFrom()` looks for. */
export function tellsFeature(name: string): boolean {
  return /^(?:o?xenstored|tapdisk|xentrace|xenbaked|qemu-|xapi$|libvirtd|virtxend|virtlibxld)/.test(
    name,
  )
}

/**
 * The features that show from Dom0.
 *
 * What the evidence does not settle is in neither list: most of what lies inside guests, and how
 * they were configured, is for the operator to say.
 */
export function featuresFrom(evidence: FeatureEvidence): {
  readonly present: readonly FeatureName[]
  readonly absent: readonly FeatureName[]
} {
  const present: FeatureName[] = []
  const absent: FeatureName[] = []
  const settle = (name: FeatureName, is: boolean | undefined): void => {
    if (is !== undefined) (is ? present : absent).push(name)
  }
  const runs = (name: string): boolean => evidence.processes.some((each) => each.name === name)
  const guests = evidence.domains?.filter(({ id, state }) => id !== 0 && state !== 'dying')

  settle('cxenstored', runs('xenstored'))
  settle('oxenstored', runs('oxenstored'))
  // One Xenstore serves a host: where it runs in Dom0, it is in no stub domain.
  const inDom0 = runs('xenstored') || runs('oxenstored')
  settle('xenstore-stubdomain', inDom0 ? false : guests?.some(({ xenstore }) => xenstore))
  settle('xenstored-asserts', evidence.xenstored && holds(evidence.xenstored, '__assert_fail'))
  settle('tapdisk', runs('tapdisk'))
  if (runs('xentrace') || runs('xenbaked')) settle('tracing', true)
  settle(
    'multi-vcpu-guests',
    guests?.some(({ maxVcpus }) => maxVcpus > 1),
  )
  const hvmGuests = guests?.filter(({ type }) => type === 'hvm').length
  const models = deviceModels(evidence.processes, hvmGuests)
  settle('qemu-stubdomain', models.inStubDomain)
  settle('deprivileged-device-model', models.deprivileged)
  return { present: present.sort(), absent: absent.sort() }
}

/** Where the device models of HVM guests run. Undefined where that does not show. */
function deviceModels(
  processes: readonly Dom0Process[],
  hvmGuests: number | undefined,
): { readonly inStubDomain: boolean | undefined; readonly deprivileged: boolean | undefined } {
  if (hvmGuests === 0) return { inStubDomain: false, deprivileged: false }
  const models = processes.filter(
    ({ name, arguments: words }) => name.startsWith('qemu-') && words.includes('-xen-domid'),
  )
  // libxl runs a de-privileged qemu as another user (`device_model_user`). A uid that could not be
  // read is NaN and settles nothing.
  const deprivileged = models.some(({ uid }) => uid > 0)
  const privileged = models.every(({ uid }) => uid === 0)
  // With fewer of them in Dom0 than there are HVM guests, the others are elsewhere or were missed.
  const allHere = hvmGuests !== undefined && models.length >= hvmGuests
  return {
    inStubDomain: allHere ? false : undefined,
    deprivileged: deprivileged || (allHere && privileged ? false : undefined),
  }
}

function holds(program: Uint8Array, word: string): boolean {
  return Buffer.from(program.buffer, program.byteOffset, program.byteLength).includes(word)
}
