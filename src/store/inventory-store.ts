import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { HostEntry, Inventory } from '../fleet/inventory.ts'
import { EMPTY_INVENTORY, type Merged, mergeInventory } from '../fleet/merge-inventory.ts'
import type { InventoryProblem } from '../fleet/read-host-facts.ts'
import { readInventory } from '../fleet/read-inventory.ts'
import { writeWhole } from './durable-file.ts'
import { StoreUnreadable } from './store-failure.ts'

/** An inventory of 100,000 hosts has about 300 MB; a larger file is taken for something else. */
const LARGEST_BYTES = 1 << 30

/**
 * The inventory that a controller keeps: `inventory.json` in its state folder.
 *
 * Written whole, so that a reader has the old one or the new one. Two writers at once: the one who
 * comes last wins, and what the other one put in is missing until it is put in again.
 */
export class InventoryStore {
  readonly file: string

  constructor(root: string) {
    this.file = path.join(root, 'inventory.json')
  }

  /**
   * The inventory; empty where none was kept yet.
   *
   * @throws StoreUnreadable when the file holds something else, in whole or in part
   */
  load(): Inventory {
    const text = readIfThere(this.file)
    if (text === undefined) return EMPTY_INVENTORY
    const read = readInventory(parse(text, this.file))
    // Everything in the file was checked when it went in: what is wrong now is not of our making,
    // and going on would drop it at the next write.
    if (read.kind !== 'hosts' || read.problems.length > 0) throw new StoreUnreadable(this.file)
    return mergeInventory(EMPTY_INVENTORY, read.hosts).inventory
  }

  /** Puts hosts in, and writes the inventory if that changed anything. */
  add(entries: readonly HostEntry[]): readonly Merged[] {
    const { inventory, merged } = mergeInventory(this.load(), entries)
    if (merged.some(({ kind }) => kind !== 'older')) this.#write(inventory)
    return merged
  }

  /** Takes hosts out by id. Returns those that were there. */
  remove(ids: ReadonlySet<string>): readonly HostEntry[] {
    const inventory = this.load()
    const removed = inventory.hosts.filter(({ id }) => ids.has(id))
    const left = inventory.hosts.filter(({ id }) => !ids.has(id))
    if (removed.length > 0) this.#write(mergeInventory(EMPTY_INVENTORY, left).inventory)
    return removed
  }

  #write(inventory: Inventory): void {
    writeWhole(this.file, `${JSON.stringify(inventory, undefined, 1)}\n`, 'all')
  }
}

/** A file of hosts from elsewhere, as far as it can be read. */
export type HostsFileRead =
  | ReturnType<typeof readInventory>
  | { readonly kind: 'unreadable'; readonly problems: readonly InventoryProblem[] }

/** Reads an inventory, or the output of `reweave inspect --json`, that somebody hands in. */
export function readHostsFile(file: string): HostsFileRead {
  const lost = (sentence: string): HostsFileRead => ({
    kind: 'unreadable',
    problems: [{ at: '', sentence }],
  })
  try {
    const { size } = statSync(file)
    if (size > LARGEST_BYTES) return lost(`The file has ${size} bytes`)
    return readInventory(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if (error instanceof SyntaxError) return lost('The file is no JSON')
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    if (code === undefined) throw error
    return lost(`The file cannot be read (${code})`)
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new StoreUnreadable(file)
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
