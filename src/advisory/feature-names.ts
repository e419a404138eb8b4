/**
 * The words that `features` and `paging` of a host are made of.
 *
 * A condition may ask for any word; one that is not here is never known of any host. Which of them
 * `reweave inspect` finds out by itself stands in docs/formats/host-facts.md; the others are for
 * the operator to say.
 *
 * @module
 */

export const FEATURE_NAMES = {
  cxenstored: 'The C implementation of xenstored runs in Dom0',
  oxenstored: 'The OCaml implementation of xenstored runs in Dom0',
  'xenstore-stubdomain': 'Xenstore runs in a stub domain',
  'xenstored-asserts': 'The C xenstored was built with its assertions: without NDEBUG',
  tracing: "Xen's trace buffers are on: `tbuf_size=`, xentrace or xenbaked",
  'qemu-stubdomain': 'A device model runs in a stub domain',
  'deprivileged-device-model': "A device model in Dom0 runs without root's privileges",
  'multi-vcpu-guests': 'A guest has more than one vCPU',
  'vnuma-guests': 'A guest sees several NUMA nodes',
  'viridian-stimer-guests': 'A guest has the Viridian extensions with synthetic timers',
  'populate-on-demand-guests': 'A guest was started with `maxmem` larger than `memory`',
  'passthrough-io-bar': "A guest's PCI device of the host has a BAR in I/O port space",
  'uefi-guests': 'A guest boots by UEFI firmware',
  'secure-boot-linux-guests': 'A guest runs Linux, booted with secure boot',
  'network-driver-domain': 'A guest is served by a network backend outside Dom0',
  pygrub: 'A guest is booted with pygrub',
  'deprivileged-pygrub': 'Pygrub runs restricted (XSA-443, `bootloader_restrict`)',
  tapdisk: 'Disks are served by tapdisk (blktap)',
  'xapi-rbac': 'XAPI gives users roles below pool-admin',
  'xapi-csharp-sdk-clients': 'Programs built with the C# or PowerShell SDK talk to XAPI',
  'arm-cpu-with-tlbi-erratum': 'The CPU is in the list of XSA-493',
  'fixes-of-xsa-419': 'The fixes of XSA-419 were put into an older toolstack',
  'fixes-of-xsa-438': 'The fix of XSA-438 was put into an older Xen',
} as const satisfies Readonly<Record<string, string>>

export type FeatureName = keyof typeof FEATURE_NAMES

export function isFeatureName(text: string): text is FeatureName {
  return Object.hasOwn(FEATURE_NAMES, text)
}

/**
 * What an advisory asks that nobody here can answer, because its text is not at hand:
 * `open-question-xsa-517`. Never a fact of a host, so that a condition with it stays unknown.
 */
export function isOpenQuestion(text: string): boolean {
  return text.startsWith('open-question-')
}
