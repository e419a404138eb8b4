/**
 * Everything a lab machine is booted from, made once and kept in the cache.
 *
 * @module
 */

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { BuildId } from '../src/image/build-id.ts'
import { AptRefused } from '../src/debian/apt-refusal.ts'
import { Apt } from '../src/debian/apt.ts'
import { findOrBuildDom0Image, hasDom0Image } from './dom0-image.ts'
import { GUEST_INITRAMFS, GUEST_KERNEL } from './dom0-recipe.ts'
import {
  DEFAULT_HYPERVISOR_VERSION,
  fetchHypervisor,
  type HypervisorOptions,
} from './hypervisor.ts'
import { findOrBuildKit } from './kit.ts'
import { cacheDirectory } from './lab-directory.ts'
import { LabNotPrepared } from './lab-refusal.ts'
import { preparePrerequisites } from './prerequisites.ts'

/** Dom0's disk and what boots it. All paths are on this host; all files are shared and read-only. */
export interface Dom0Parts {
  /**
   * A raw ext4 image with the label `reweave-dom0`. Machines put an overlay of their own over it.
   */
  readonly disk: string
  readonly kernel: string
  /** Finds its root by label, so the disk may be IDE, virtio or NVMe. */
  readonly initrd: string
  /** The Linux arguments this image needs, such as `console=hvc0`. */
  readonly commandLine: string
  /** The private key that Dom0's root accepts, readable by its owner alone. */
  readonly sshKey: string
  /** A known_hosts file that holds Dom0's host key under the name `dom0`. */
  readonly sshKnownHosts: string
  /** What the console prints, on a line of its own, once `xl` and sshd work. */
  readonly readyLine: string
}

/** What guests boot from. Paths inside Dom0. */
export interface GuestParts {
  readonly kernel: string
  readonly initramfs: string
}

/** One build of the hypervisor, unpacked on this host. */
export interface HypervisorParts {
  /** The uncompressed ELF32 file, as QEMU's multiboot loader wants it. */
  readonly multiboot: string
  /** `xen-syms`: the linked image with its symbol table. */
  readonly syms: string
  /** The configuration it was built with. */
  readonly config: string
  /** Debian's package version. */
  readonly version: string
  readonly buildId: BuildId
}

export interface LabParts {
  readonly dom0: Dom0Parts
  readonly guest: GuestParts
  /** A read-only ext4 image with the label `reweave-kit`, which Dom0 mounts on /opt/reweave. */
  readonly kitDisk: string
  readonly hypervisor: HypervisorParts
}

export interface LabOptions {
  /** Debian's version of the hypervisor; by default the old one with the published holes. */
  readonly hypervisorVersion?: string
  /** Gets one line, without a newline, for each thing that is begun. */
  readonly progress: (line: string) => void
}

/**
 * Makes what a lab machine needs, or finds it in the cache.
 *
 * Throws `LabNotPrepared` where this host cannot: its `refusal` says what is missing. Safe to call
 * from several processes at once; one builds, the others wait for it.
 */
export async function prepareLab(options: LabOptions): Promise<LabParts> {
  const { progress } = options
  const directory = cacheDirectory()
  const isCacheWarm = hasDom0Image(directory)
  await preparePrerequisites({ cacheDirectory: directory, isCacheWarm, progress })
  mkdirSync(directory, { recursive: true })
  const apt = new Apt({ directory: path.join(directory, 'apt'), progress })
  try {
    return await fetchOrBuildParts(options, { apt, cacheDirectory: directory, progress })
  } catch (error) {
    if (error instanceof AptRefused) throw new LabNotPrepared(error.refusal)
    throw error
  }
}

async function fetchOrBuildParts(
  options: LabOptions,
  shared: HypervisorOptions,
): Promise<LabParts> {
  // The hypervisor first: a version that is not to be had is then said before the long build.
  const version = options.hypervisorVersion ?? DEFAULT_HYPERVISOR_VERSION
  const hypervisor = await fetchHypervisor(version, shared)
  const dom0 = await findOrBuildDom0Image(shared)
  const kitDisk = await findOrBuildKit({ ...shared, hypervisors: [hypervisor] })
  const guest = { kernel: GUEST_KERNEL, initramfs: GUEST_INITRAMFS }
  return { dom0, guest, kitDisk, hypervisor }
}
