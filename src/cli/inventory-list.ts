import { Command } from 'commander'
import type { HostEntry, Inventory } from '../fleet/inventory.ts'
import { printable } from '../hotfix/fix-problem.ts'
import { loadInventory } from './open-inventory.ts'
import { type StoreOptions, withStoreOptions } from './open-store.ts'
import { print } from './output.ts'

export function inventoryListCommand(): Command {
  const command = new Command('list').description('lists the hosts that are known here')
  return withStoreOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  reweave inventory list\n  reweave inventory list --json\n',
    )
    .action((options: StoreOptions) => {
      const inventory = loadInventory(options)
      print(options.json ?? false, inventory, renderInventory(inventory))
    })
}

export function renderInventory({ hosts }: Inventory): string {
  if (hosts.length === 0) {
    return "No host is known here; put one in with 'reweave inventory add'"
  }
  const rows = [['NAME', 'POOL', 'XEN', 'BUILD', 'GUESTS', 'SEEN'], ...hosts.map(rowOf)]
  const widths = rows.reduce<readonly number[]>(
    (most, row) => row.map((cell, index) => Math.max(most[index] ?? 0, cell.length)),
    [],
  )
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rowOf({ name, pool, facts }: HostEntry): string[] {
  const { xenVersion, buildId, guestTypes, seenAt } = facts
  const counts = (['pv', 'pvh', 'hvm'] as const).flatMap((type) => {
    const count = guestTypes?.[type]
    return count === undefined || count === 0 ? [] : [`${count} ${type}`]
  })
  return [
    printable(name),
    printable(pool ?? '-'),
    printable(xenVersion ?? 'unknown'),
    buildId?.slice(0, 8) ?? 'unknown',
    guestTypes === undefined ? 'unknown' : counts.join(', ') || 'none',
    seenAt.slice(0, 16),
  ]
}
