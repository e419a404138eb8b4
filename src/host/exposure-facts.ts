import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { release, version } from 'node:os'
import process from 'node:process'
import type { GuestCounts, HostFacts, MemoryFix, PartialSet } from '../advisory/host-facts.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { Domain } from '../xen/domains.ts'
import type { Hypervisor } from '../xen/hypervisor.ts'
import { readHypfs } from '../xen/hypfs.ts'
import { Livepatch } from '../xen/livepatch.ts'
import { Sysctl } from '../xen/sysctl.ts'
import { readBootId } from './boot-id.ts'
import { parseBuildConfig } from './build-config.ts'
import { architectureOf, parseCpuInfo } from './cpu-facts.ts'
import { type Dom0Process, listDom0Processes, readProgram } from './dom0-processes.ts'
import { featuresFrom, tellsFeature } from './feature-facts.ts'
import { HOST_FOLDERS } from './folders.ts'
import type { HostFacts as Inspected } from './host-facts.ts'
import { readInstalledXen } from './installed-xen.ts'
import { JournalFile, JournalFileError } from './journal-file.ts'
import { livepatchesListed, memoryFixesFrom } from './memory-fixes.ts'

/**
 * The host's facts in the form that advisories are judged by, from one look at it.
 *
 * Reads files of Dom0 and makes hypercalls; changes nothing and touches no device. What it does
 * not find out it leaves out.
 */
export function exposureFacts(
  hypervisor: Hypervisor,
  inspected: Inspected,
  options: { readonly now: Date; readonly hotfixes: readonly Bundle[] },
): HostFacts {
  const { domains, iommu } = inspected
  const processes = listDom0Processes(tellsFeature)
  const xenstored = processes.find(({ name }) => name === 'xenstored')
  const config = readHypfs(hypervisor, '/buildinfo/config')
  const buildConfig = config === undefined ? undefined : parseBuildConfig(config)
  const sysctl = Sysctl.open(hypervisor)
  const passthrough = pciPassthrough()
  return {
    seenAt: options.now.toISOString(),
    seenBy: 'reweave inspect',
    architecture: architectureOf(process.arch),
    xenVersion: inspected.xenVersion,
    buildId: inspected.buildId,
    ...readInstalledXen(),
    config: buildConfig,
    guestTypes: guestCounts(domains, buildConfig?.options['CONFIG_PV32'] === 'y'),
    dom0Type: dom0Type(domains),
    pciPassthrough: passthrough,
    ...parseCpuInfo(readFileSync('/proc/cpuinfo', 'utf8')),
    paging: pagingOf(domains),
    toolstack: toolstackOf(processes),
    dom0Kernel: kernelVersion(release(), version()),
    features: featuresFrom({
      processes,
      domains,
      xenstored: xenstored && readProgram(xenstored.pid),
    }),
    commandLine: inspected.commandLine,
    memoryFixes: readMemoryFixes(hypervisor, sysctl, options.hotfixes),
    channels: inspected.channels,
    iommuMode: iommu.kind === 'unknown' ? undefined : iommu.kind,
    engines: inspected.engines.map(({ kind, address, usable, why }) => ({
      kind,
      address,
      usable,
      why,
    })),
  }
}

/** Undefined also with a journal that cannot be read: `reweave status` says what is wrong with it. */
function readMemoryFixes(
  hypervisor: Hypervisor,
  sysctl: Sysctl | undefined,
  hotfixes: readonly Bundle[],
): readonly MemoryFix[] | undefined {
  const listed = sysctl && new Livepatch(hypervisor, sysctl).list()
  const manifests = hotfixes.map(({ manifest }) => manifest)
  const labOnly = manifests.filter((each) => each.labOnly).map(({ name }) => name)
  try {
    return memoryFixesFrom(JournalFile.open(HOST_FOLDERS.state).entries, {
      bootId: readBootId(),
      labOnly: new Set(labOnly),
      livepatches: livepatchesListed(listed),
      advisoryOf: (hotfix) => manifests.find(({ name }) => name === hotfix)?.advisory,
    })
  } catch (error) {
    if (error instanceof JournalFileError) return undefined
    throw error
  }
}

/** Guests by type: neither Dom0 nor what is being torn down. */
export function guestCounts(
  domains: readonly Domain[] | undefined,
  pv32Possible: boolean,
): GuestCounts | undefined {
  const guests = guestsOf(domains)
  if (guests === undefined) return undefined
  const count = (type: Domain['type']): number => guests.filter((each) => each.type === type).length
  const pv = count('pv')
  // Which width a PV guest has does not show in the list of domains.
  const pv32 = pv > 0 && pv32Possible ? undefined : 0
  return { pv, pv32, pvh: count('pvh'), hvm: count('hvm') }
}

/** How PVH and HVM guests' memory is translated: `hap`, `shadow` or both. */
export function pagingOf(domains: readonly Domain[] | undefined): PartialSet | undefined {
  const guests = guestsOf(domains)?.filter(({ type }) => type !== 'pv')
  if (guests === undefined) return undefined
  return {
    present: [...new Set(guests.map(({ hap }) => (hap ? 'hap' : 'shadow')))],
    absent: 'rest',
  }
}

/**
 * The version of Dom0's kernel.
 *
 * Debian's release is that of its first build (`6.1.0-56-amd64`); its real version stands in the
 * kernel's build line, as `Debian 6.1.192-2`.
 */
export function kernelVersion(releaseName: string, buildLine: string): string {
  return /\bDebian (\d+\.\d+\.\d+\S*)/.exec(buildLine)?.[1] ?? releaseName
}

function guestsOf(domains: readonly Domain[] | undefined): readonly Domain[] | undefined {
  return domains?.filter(({ id, state }) => id !== 0 && state !== 'dying')
}

function dom0Type(domains: readonly Domain[] | undefined): 'pv' | 'pvh' | undefined {
  const type = domains?.find(({ id }) => id === 0)?.type
  return type === 'hvm' ? undefined : type
}

const XL = ['/usr/sbin/xl', '/usr/local/sbin/xl', '/usr/bin/xl']

function toolstackOf(processes: readonly Dom0Process[]): HostFacts['toolstack'] {
  const names = new Set(processes.map(({ name }) => name))
  if (names.has('xapi')) return 'xapi'
  if (names.has('libvirtd') || names.has('virtxend') || names.has('virtlibxld')) return 'libvirt'
  return XL.some((file) => existsSync(file)) ? 'xl' : undefined
}

/** False without a device that xen-pciback holds. With one, a guest may or may not have it. */
function pciPassthrough(): false | undefined {
  try {
    const held = readdirSync('/sys/bus/pci/drivers/pciback').some((name) => name.includes(':'))
    return held ? undefined : false
  } catch {
    return false
  }
}
