import { Command } from 'commander'
import type { PartialSet } from '../advisory/host-facts.ts'
import type { HostEntry } from '../fleet/inventory.ts'
import { isRecord } from '../fleet/read-host-facts.ts'
import { printable } from '../hotfix/fix-problem.ts'
import { loadInventory, requireHost } from './open-inventory.ts'
import { type StoreOptions, withStoreOptions } from './open-store.ts'
import { print } from './output.ts'

export function inventoryShowCommand(): Command {
  const command = new Command('show')
    .description('shows all that is known of one host')
    .argument('<HOST>', 'its name or id')
  return withStoreOptions(command)
    .addHelpText('after', '\nExamples:\n  reweave inventory show host1\n')
    .action((wanted: string, options: StoreOptions) => {
      const host = requireHost(loadInventory(options), wanted)
      print(options.json ?? false, host, renderHost(host))
    })
}

/** One line a fact. What is declared is marked, so that it is not taken for seen. */
export function renderHost({ id, name, pool, zone, facts, declared }: HostEntry): string {
  const { seenAt, seenBy, ...rest } = facts
  const lines = [
    `${printable(name)} (${printable(id)})`,
    `  pool ${printable(pool ?? 'none')}, zone ${printable(zone ?? 'none')}`,
    `  seen ${seenAt} by ${printable(seenBy)}`,
  ]
  const width = Math.max(...Object.keys(rest).map((fact) => fact.length), 0)
  for (const [fact, value] of Object.entries(rest)) {
    if (value === undefined) continue
    const mark =
      declared !== undefined && Object.hasOwn(declared, fact) ? '  (declared in part)' : ''
    lines.push(`  ${fact.padEnd(width)}  ${printable(inWords(value))}${mark}`)
  }
  return lines.join('\n')
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(inWords).join('; ')
  if (!isRecord(value)) return String(value)
  if (isPartialSet(value)) {
    const without = value.absent === 'rest' ? 'all else' : value.absent.join(' ')
    const has = value.present.join(' ') || 'none'
    return without === '' ? has : `${has}; absent: ${without}`
  }
  if (isRecord(value['options'])) return `${Object.keys(value['options']).length} options`
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([key, part]) => `${key} ${String(part)}`)
    .join(', ')
}

function isPartialSet(value: object): value is PartialSet {
  return 'present' in value && 'absent' in value
}
