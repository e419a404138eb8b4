import type {
  CpuVendor,
  GuestCounts,
  HostFacts,
  Instant,
  PartialSet,
  PinnedGuest,
} from '../advisory/host-facts.ts'
import type { FeatureName } from '../advisory/feature-names.ts'
import type { HostEntry } from './inventory.ts'
import { isRecord } from './read-host-facts.ts'

/** Records of XAPI's classes by reference, as `CLASS.get_all_records` gives them. */
export type XapiRecords = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What of a pool its hosts' facts are made from. */
export interface XapiPool {
  readonly host: XapiRecords
  readonly pool: XapiRecords
  readonly VM: XapiRecords
}

const VENDORS: Readonly<Record<string, CpuVendor>> = {
  GenuineIntel: 'intel',
  AuthenticAMD: 'amd',
  HygonGenuine: 'hygon',
  CentaurHauls: 'zhaoxin',
}

/**
 * The hosts of a pool, with what XAPI knows of them.
 *
 * XAPI does not know the build-id, nor what lies in memory over the build, so that its facts alone
 * leave most questions open: look at the hosts themselves besides. Fields are those of the XenAPI
 * reference, classes `host`, `pool` and `VM`.
 */
export function hostsOfPool(records: XapiPool, seenAt: Instant): readonly HostEntry[] {
  const [pool] = Object.values(records.pool)
  const poolName = text(pool, 'name_label') ?? text(pool, 'uuid')
  return Object.entries(records.host).flatMap(([reference, host]) => {
    const id = text(host, 'uuid')
    if (id === undefined) return []
    const name = text(host, 'name_label') ?? text(host, 'hostname') ?? id
    const facts = factsOf(records, { reference, host, seenAt })
    return [{ id, name, pool: poolName, zone: undefined, facts }]
  })
}

function factsOf(
  records: XapiPool,
  {
    reference,
    host,
    seenAt,
  }: {
    readonly reference: string
    readonly host: Readonly<Record<string, unknown>>
    readonly seenAt: Instant
  },
): HostFacts {
  const guests = Object.values(records.VM).filter((vm) => isGuestOf(vm, reference))
  const cpuVendor = VENDORS[text(inner(host, 'cpu_info'), 'vendor') ?? '']
  return {
    seenAt,
    seenBy: 'xapi',
    // All these vendors make x86 CPUs, and Xen has run on 64-bit ones alone since 4.3.
    architecture: cpuVendor && 'x86_64',
    xenVersion: text(inner(host, 'software_version'), 'xen'),
    guestTypes: countTypes(guests),
    pciPassthrough: guests.some(hasPciDevice),
    cpuVendor,
    toolstack: 'xapi',
    features: featuresOf(host, guests),
    iommuMode: text(inner(host, 'chipset_info'), 'iommu') === 'false' ? 'disabled' : undefined,
    pinnedGuests: guests.flatMap((vm) => pinned(vm) ?? []),
    migration: migrationFrom(records, reference),
  }
}

function isGuestOf(vm: Readonly<Record<string, unknown>>, host: string): boolean {
  return (
    vm['resident_on'] === host &&
    vm['is_control_domain'] !== true &&
    (vm['power_state'] === 'Running' || vm['power_state'] === 'Paused')
  )
}

/** Undefined when the type of one guest is not known: it may be any. */
function countTypes(guests: readonly Readonly<Record<string, unknown>>[]): GuestCounts | undefined {
  const counts = { pv: 0, pvh: 0, hvm: 0 }
  for (const vm of guests) {
    switch (vm['domain_type']) {
      case 'pv':
        counts.pv += 1
        break
      // A PV guest in the shim is a PVH guest to this Xen.
      case 'pvh':
      case 'pv_in_pvh':
        counts.pvh += 1
        break
      case 'hvm':
        counts.hvm += 1
        break
      default:
        return undefined
    }
  }
  return counts.pv === 0 ? { ...counts, pv32: 0 } : counts
}

function featuresOf(
  host: Readonly<Record<string, unknown>>,
  guests: readonly Readonly<Record<string, unknown>>[],
): PartialSet {
  const present: FeatureName[] = []
  const absent: FeatureName[] = []
  const settle = (name: FeatureName, is: boolean): void => {
    ;(is ? present : absent).push(name)
  }
  settle(
    'uefi-guests',
    guests.some((vm) => text(inner(vm, 'HVM_boot_params'), 'firmware') === 'uefi'),
  )
  settle(
    'multi-vcpu-guests',
    guests.some((vm) => Number(vm['VCPUs_max']) > 1),
  )
  settle(
    'pygrub',
    guests.some((vm) => vm['domain_type'] !== 'hvm' && vm['PV_bootloader'] === 'pygrub'),
  )
  // Roles are given to subjects of an external directory; without one there is root alone.
  if (host['external_auth_type'] === '') absent.push('xapi-rbac')
  return { present, absent }
}

function hasPciDevice(vm: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(vm['attached_PCIs']) && vm['attached_PCIs'].length > 0
}

function pinned(vm: Readonly<Record<string, unknown>>): PinnedGuest | undefined {
  const guest = text(vm, 'name_label') ?? text(vm, 'uuid') ?? 'a guest without a name'
  if (hasPciDevice(vm)) return { guest, why: 'it has a PCI device of the host' }
  const allowed = vm['allowed_operations']
  if (Array.isArray(allowed) && !allowed.includes('pool_migrate')) {
    return { guest, why: 'XAPI does not allow to migrate it now' }
  }
  return undefined
}

function migrationFrom(records: XapiPool, reference: string): HostFacts['migration'] {
  const others = Object.entries(records.host).filter(([each]) => each !== reference)
  if (others.length === 0) return { possible: false, why: 'The pool has no other host' }
  const enabled = others.filter(([, host]) => host['enabled'] === true).length
  return enabled > 0
    ? { possible: true, why: `${enabled} other hosts of the pool take guests` }
    : { possible: false, why: 'No other host of the pool takes guests' }
}

function inner(
  record: Readonly<Record<string, unknown>> | undefined,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = record?.[key]
  return isRecord(value) ? value : undefined
}

function text(
  record: Readonly<Record<string, unknown>> | undefined,
  key: string,
): string | undefined {
  const value = record?.[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}
