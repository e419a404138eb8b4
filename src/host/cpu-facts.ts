import type { Architecture, CpuVendor, PartialSet } from '../advisory/host-facts.ts'

export interface CpuFacts {
  readonly cpuVendor: CpuVendor | undefined
  readonly cpuFeatures: PartialSet | undefined
}

const VENDORS: Readonly<Record<string, CpuVendor>> = {
  GenuineIntel: 'intel',
  AuthenticAMD: 'amd',
  HygonGenuine: 'hygon',
  // VIA's and Zhaoxin's CPUs are one line, and one branch in Xen.
  CentaurHauls: 'zhaoxin',
  '  Shanghai  ': 'zhaoxin',
  Shanghai: 'zhaoxin',
}

/**
 * The CPU, from Dom0's `/proc/cpuinfo`.
 *
 * Dom0 sees what Xen lets it see: a feature that is missing there may be in the CPU, so nothing is
 * absent but what the family and model decide, `zen1` and `zen2`.
 */
export function parseCpuInfo(text: string): CpuFacts {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}[ \t]*: ?(.*)$`, 'm').exec(text)?.[1]
  const vendorName = field('vendor_id')
  const cpuVendor =
    vendorName === undefined ? undefined : (VENDORS[vendorName] ?? VENDORS[vendorName.trim()])
  const flags = field('flags')
  if (flags === undefined) return { cpuVendor, cpuFeatures: undefined }
  const { present, absent } = zen(cpuVendor, Number(field('cpu family')), Number(field('model')))
  return {
    cpuVendor,
    cpuFeatures: { present: [...flags.trim().split(/\s+/), ...present], absent },
  }
}

type Models = readonly (readonly [first: number, last: number])[]

const ZEN1_MODELS: Models = [
  [0x00, 0x2f],
  [0x50, 0x5f],
]
const ZEN2_MODELS: Models = [
  [0x30, 0x4f],
  [0x60, 0x7f],
  [0x90, 0x91],
  [0xa0, 0xaf],
]

/**
 * Zen1 and Zen2 by their models, as Linux tells them (arch/x86/kernel/cpu/amd.c, bsp_init_amd()).
 *
 * Both are family 0x17. Models that are in neither list leave the question open.
 */
function zen(
  vendor: CpuVendor | undefined,
  family: number,
  model: number,
): { readonly present: readonly string[]; readonly absent: readonly string[] } {
  if (vendor === undefined || Number.isNaN(family) || Number.isNaN(model)) {
    return { present: [], absent: [] }
  }
  if (vendor !== 'amd' || family !== 0x17) return { present: [], absent: ['zen1', 'zen2'] }
  const isOf = (models: Models): boolean =>
    models.some(([first, last]) => model >= first && model <= last)
  if (isOf(ZEN1_MODELS)) return { present: ['zen1'], absent: ['zen2'] }
  if (isOf(ZEN2_MODELS)) return { present: ['zen2'], absent: ['zen1'] }
  return { present: [], absent: [] }
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: 'x86_64',
  arm64: 'arm64',
  arm: 'arm32',
  riscv64: 'riscv64',
  ppc64: 'ppc64',
}

/** Node's word for the architecture in ours. Dom0's is the hypervisor's, 32-bit Dom0s apart. */
export function architectureOf(word: string): Architecture | undefined {
  return ARCHITECTURES[word]
}
