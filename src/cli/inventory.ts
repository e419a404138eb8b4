import { Command } from 'commander'
import { inventoryAddCommand } from './inventory-add.ts'
import { inventoryImportCommand } from './inventory-import.ts'
import { inventoryListCommand } from './inventory-list.ts'
import { inventoryRemoveCommand } from './inventory-remove.ts'
import { inventoryShowCommand } from './inventory-show.ts'

export function inventoryCommand(): Command {
  return new Command('inventory')
    .description('keeps the hosts that are known, with what was seen of each, when and by what')
    .addCommand(inventoryAddCommand())
    .addCommand(inventoryImportCommand())
    .addCommand(inventoryListCommand())
    .addCommand(inventoryShowCommand())
    .addCommand(inventoryRemoveCommand())
}
