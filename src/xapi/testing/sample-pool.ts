import type { XapiPool, XapiRecords } from '../../fleet/xapi-hosts.ts'

function guest(
  name: string,
  host: string,
  changes: Readonly<Record<string, unknown>> = {},
): XapiRecords[string] {
  return {
    uuid: `uuid-of-${name}`,
    name_label: name,
    power_state: 'Running',
    resident_on: `OpaqueRef:${host}`,
    is_control_domain: false,
    is_a_template: false,
    domain_type: 'hvm',
    VCPUs_max: '2',
    HVM_boot_params: { firmware: 'bios', order: 'dc' },
    PV_bootloader: '',
    attached_PCIs: [],
    allowed_operations: ['pause', 'pool_migrate', 'clean_shutdown'],
    ...changes,
  }
}

function host(name: string, enabled: boolean): XapiRecords[string] {
  return {
    uuid: `uuid-of-${name}`,
    name_label: name,
    hostname: name,
    enabled,
    external_auth_type: '',
    software_version: { product_brand: 'XCP-ng', product_version: '8.3.0', xen: '4.17.6-9' },
    cpu_info: { vendor: 'GenuineIntel', cpu_count: '32', modelname: 'Intel(R) Xeon(R)' },
    chipset_info: { iommu: 'true' },
  }
}

/** Two hosts with four guests, two control domains and a guest that is off. */
export const samplePool: XapiPool = {
  pool: { 'OpaqueRef:pool': { uuid: 'uuid-of-pool', name_label: 'pool-a' } },
  host: { 'OpaqueRef:one': host('one', true), 'OpaqueRef:two': host('two', false) },
  VM: {
    'OpaqueRef:dom0-one': guest('dom0-one', 'one', { is_control_domain: true, domain_type: 'pv' }),
    'OpaqueRef:dom0-two': guest('dom0-two', 'two', { is_control_domain: true, domain_type: 'pv' }),
    'OpaqueRef:plain': guest('plain', 'one'),
    'OpaqueRef:gpu': guest('gpu', 'one', { attached_PCIs: ['OpaqueRef:pci'], VCPUs_max: '8' }),
    'OpaqueRef:uefi': guest('uefi', 'two', { HVM_boot_params: { firmware: 'uefi' } }),
    'OpaqueRef:shim': guest('shim', 'two', {
      domain_type: 'pv_in_pvh',
      allowed_operations: ['pause'],
    }),
    'OpaqueRef:off': guest('off', 'two', { power_state: 'Halted', resident_on: 'OpaqueRef:NULL' }),
  },
}
