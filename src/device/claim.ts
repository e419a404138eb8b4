import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findPciFunction, type PciFunction } from './pci-function.ts'
import { readRunRecord } from './run-record.ts'

/** Why a PCI function cannot be taken from its driver. */
export type ClaimRefusal =
  | { readonly kind: 'in-use'; readonly device: string }
  | { readonly kind: 'multipath'; readonly device: string }
  | { readonly kind: 'foreign-driver'; readonly driver: string }

export function describeClaimRefusal(refusal: ClaimRefusal): string {
  switch (refusal.kind) {
    case 'in-use':
      return `${refusal.device} is in use (mounted, swap, or held by another layer)`
    case 'multipath':
      return `${refusal.device} is reached over several paths`
    case 'foreign-driver':
      return `held by the driver ${refusal.driver}`
  }
}

/**
 * Why an NVMe controller must not be taken, or undefined if nothing uses its disks.
 *
 * Linux itself decides: opening a disk exclusively fails while it or a partition of it is
 * mounted, swapped to, or held by another layer.
 */
export function whyNotNvme(pci: PciFunction): ClaimRefusal | undefined {
  const { driver } = pci
  if (driver === undefined) return undefined
  if (driver !== 'nvme') return { kind: 'foreign-driver', driver }
  for (const controller of pci.list('nvme')) {
    for (const name of pci.list(`nvme/${controller}`)) {
      if (/^nvme\d+c\d+n\d+$/.test(name)) return { kind: 'multipath', device: name }
      if (/^nvme\d+n\d+$/.test(name) && !opensExclusively(`/dev/${name}`)) {
        return { kind: 'in-use', device: `/dev/${name}` }
      }
    }
  }
  return undefined
}

/** A function that is taken, and what gives it back. Giving back twice does nothing more. */
export interface Claim {
  readonly pci: PciFunction
  readonly giveBack: () => void
}

/**
 * Takes a function from its driver, and remembers in `recordFolder` which one it was, for a
 * successor in case this process is killed.
 */
export function claim(pci: PciFunction, recordFolder: string): Claim {
  const { driver } = pci
  const record = path.join(recordFolder, `device-${pci.address}.json`)
  mkdirSync(recordFolder, { recursive: true, mode: 0o700 })
  writeFileSync(record, JSON.stringify({ address: pci.address, driver } satisfies ClaimRecord))
  pci.unbind()
  return { pci, giveBack: () => giveBack(pci, driver, record) }
}

/**
 * What killed processes left taken. Only for a caller that holds the host's lock.
 *
 * Bus mastering of all of them is off when this returns, so no transfer of a dead process is under
 * way any more. A function that has a driver was given back, or never taken: it is not touched,
 * for its disks may be in use.
 */
export function abandonedClaims(recordFolder: string, devices?: string): readonly Claim[] {
  const names = folderNames(recordFolder).filter((name) => name.startsWith('device-'))
  return names.flatMap((name) => {
    const record = path.join(recordFolder, name)
    const { address, driver } = (readRunRecord(record) ?? {}) as Partial<ClaimRecord>
    const pci = address === undefined ? undefined : findPciFunction(address, devices)
    if (pci === undefined || pci.driver !== undefined) {
      rmSync(record, { force: true })
      return []
    }
    pci.disableBusMaster()
    return [{ pci, giveBack: () => giveBack(pci, driver, record) }]
  })
}

/** What stays behind of a function that is taken. */
interface ClaimRecord {
  readonly address: string
  readonly driver?: string | undefined
}

function giveBack(pci: PciFunction, driver: string | undefined, record: string): void {
  if (driver !== undefined) pci.bind(driver)
  rmSync(record, { force: true })
}

function opensExclusively(device: string): boolean {
  // O_RDONLY | O_EXCL: on a block device, a claim on it as a whole (Linux: open(2)).
  const O_EXCL = 0o200
  try {
    closeSync(openSync(device, O_EXCL))
    return true
  } catch {
    return false
  }
}

function folderNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
