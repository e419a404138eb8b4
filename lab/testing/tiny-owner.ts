/**
 * A program that owns a tiny machine, for tests that kill it.
 *
 *     node tiny-owner.ts own|keep NAME PARTS-DIRECTORY
 *
 * @module
 */
import { keepMachine } from '../keep-machine.ts'
import { startMachine } from '../machine.ts'
import { tinyParts } from './tiny-machine.ts'

const [how = 'own', name = 'tiny', directory = '.'] = process.argv.slice(2)
const parts = tinyParts(directory)
const machine = { name, memoryMb: 1024, engines: ['nvme', 'edu'] as const }
const progress = (): void => undefined
if (how === 'own') await startMachine(parts, { ...machine, engines: [...machine.engines] })
else {
  await keepMachine(parts, {
    machine: { ...machine, engines: [...machine.engines] },
    guests: [],
    progress,
  })
}
