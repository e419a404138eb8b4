import { Command } from 'commander'
import { printable } from '../hotfix/fix-problem.ts'
import { inventoryStore, loadInventory, requireHost } from './open-inventory.ts'
import { type StoreOptions, withStoreFailures, withStoreOptions } from './open-store.ts'
import { print } from './output.ts'

export function inventoryRemoveCommand(): Command {
  const command = new Command('remove')
    .description('takes hosts out of the inventory; it does nothing to the hosts')
    .argument('<HOST...>', 'their names or ids')
  return withStoreOptions(command)
    .addHelpText('after', '\nExamples:\n  reweave inventory remove host1 host2\n')
    .action((wanted: readonly string[], options: StoreOptions) => {
      const inventory = loadInventory(options)
      const ids = new Set(wanted.map((name) => requireHost(inventory, name).id))
      const removed = withStoreFailures(() => inventoryStore(options).remove(ids))
      const names = removed.map(({ name }) => printable(name))
      print(options.json ?? false, { removed }, names.map((name) => `${name}: removed`).join('\n'))
    })
}
