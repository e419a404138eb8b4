import { readFileSync } from 'node:fs'
import type { HostEntry, Inventory } from '../fleet/inventory.ts'
import type { Merged } from '../fleet/merge-inventory.ts'
import type { InventoryProblem } from '../fleet/read-host-facts.ts'
import { printable } from '../hotfix/fix-problem.ts'
import { InventoryStore } from '../store/inventory-store.ts'
import { CommandFailed } from './command-failed.ts'
import { foldersOf, type StoreOptions, withStoreFailures } from './open-store.ts'

export function inventoryStore(options: StoreOptions): InventoryStore {
  return new InventoryStore(foldersOf(options).root)
}

export function loadInventory(options: StoreOptions): Inventory {
  return withStoreFailures(() => inventoryStore(options).load())
}

/** The host of that name or id. A name that several hosts have is refused. */
export function requireHost(inventory: Inventory, wanted: string): HostEntry {
  const byId = inventory.hosts.find(({ id }) => id === wanted)
  const named = inventory.hosts.filter(({ name }) => name === wanted)
  const [host] = byId === undefined ? named : [byId]
  if (host === undefined) {
    throw new CommandFailed(
      'unknownHost',
      `${printable(wanted)} is not in the inventory; 'reweave inventory list' shows what is`,
    )
  }
  if (byId === undefined && named.length > 1) {
    const ids = named.map(({ id }) => printable(id)).join(', ')
    throw new CommandFailed('usage', `${named.length} hosts have that name; give an id: ${ids}`)
  }
  return host
}

/** A JSON file, or standard input for `-`. */
export function readJsonInput(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new CommandFailed('usage', `Cannot read ${file} (${code})`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandFailed('badInventory', `${file === '-' ? 'The input' : file} is no JSON`)
  }
}

export function renderProblems(file: string, problems: readonly InventoryProblem[]): string[] {
  return problems.map(({ at, sentence }) =>
    printable(at === '' ? `${file}: ${sentence}` : `${file}, ${at}: ${sentence}`),
  )
}

/** One line a host: what became of it. */
export function renderMerged(merged: readonly Merged[]): string[] {
  return merged.map((one) => {
    const name = printable(one.name)
    if (one.kind !== 'older') return `${name}: ${one.kind}`
    return `${name}: left as it was; seen ${one.seenAt}, known from ${one.known}`
  })
}
