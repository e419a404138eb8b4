/**
 * What a mend costs on a real Xen, engine by engine: `npm run bench`. Boots one lab machine.
 *
 * Emulated devices and processors: read the figures as ratios of each other. QEMU's edu makes
 * every transfer last 100 ms on purpose.
 *
 * @module
 */
import { startMachine } from '../lab/machine.ts'
import { prepareLab } from '../lab/parts.ts'
import type { ChangeJson } from '../demo/change-json.ts'
import { reweaveInDom0 } from '../lab/dom0-reweave.ts'
import { median } from './measure.ts'

const ENGINES = ['nvme', 'nvme-sectors', 'edu'] as const
const ROUNDS = 3

const parts = await prepareLab({ progress: (line) => console.error(line) })
const machine = await startMachine(parts, { name: `bench-${process.pid}` })
try {
  const runs = new Map<string, ChangeJson[]>(ENGINES.map((engine) => [engine, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const engine of ENGINES) {
      const args = ['xsa-506', '--engine', engine]
      runs.get(engine)?.push((await reweaveInDom0(machine, ['apply', ...args])) as ChangeJson)
      await reweaveInDom0(machine, ['revert', ...args])
    }
  }
  const base = medianSeconds(runs.get('nvme') ?? [])
  console.log('Applying XSA-506: bytes by DMA and seconds, medians of', ROUNDS, 'runs\n')
  console.log(
    `${'engine'.padEnd(14)} ${['identify', 'write', 'verify'].map((part) => part.padStart(20)).join('')}   whole, to nvme`,
  )
  for (const [engine, changes] of runs) {
    const cells = (['identify', 'write', 'verify'] as const).map((part) => {
      const bytes = median(changes.map(({ cost }) => cost[part].bytes))
      const seconds = median(changes.map(({ cost }) => cost[part].seconds))
      return `${bytes} B ${seconds.toFixed(2)} s`.padStart(20)
    })
    const ratio = medianSeconds(changes) / base
    console.log(`${engine.padEnd(14)} ${cells.join('')}   ${ratio.toFixed(2)} x`)
  }
} finally {
  await machine.stop()
}

function medianSeconds(changes: readonly ChangeJson[]): number {
  return median(changes.map(({ seconds }) => seconds))
}
