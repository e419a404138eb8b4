import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { machineNameSchema, machineOptionsSchema } from './machine-options.ts'
import { processIdentitySchema } from './process-identity.ts'

/**
 * What a machine's directory says about it, for every process that looks.
 *
 * Written by the owner alone: the process that started QEMU. The machine lives no longer than its
 * owner.
 */
export const machineStateSchema = z.object({
  version: z.literal(1),
  name: machineNameSchema,
  options: machineOptionsSchema,
  owner: processIdentitySchema,
  /** Whether the owner does nothing but keep this machine (`lab up`), so that `lab down` may end it. */
  kept: z.boolean(),
  /**
   * `starting`: on its way to the line that says that Dom0 is ready. `running`: commands work.
   * `off`: QEMU is gone, by a power cut or by itself, and the disk is kept.
   */
  phase: z.enum(['starting', 'running', 'off']),
  qemu: processIdentitySchema.nullable(),
  /** On 127.0.0.1; null until QEMU has taken one. */
  sshPort: z.int().positive().nullable(),
  sshKey: z.string(),
  sshKnownHosts: z.string(),
  ramFile: z.string(),
  socketDirectory: z.string(),
  hypervisor: z.object({ version: z.string(), buildId: z.string() }),
  guest: z.object({ kernel: z.string(), initramfs: z.string() }),
})

export type MachineState = z.infer<typeof machineStateSchema>

/** Name of the state file within a machine's directory. */
export const STATE_FILE = 'state.json'

/** Replaces the state as a whole: readers see the old one or the new one. */
export function writeMachineState(directory: string, state: MachineState): void {
  const file = path.join(directory, STATE_FILE)
  const draft = `${file}.new`
  writeFileSync(draft, `${JSON.stringify(state, undefined, 2)}\n`)
  renameSync(draft, file)
}

/** The state that the directory holds; undefined when there is none, or none of this version. */
export function readMachineState(directory: string): MachineState | undefined {
  try {
    const text = readFileSync(path.join(directory, STATE_FILE), 'utf8')
    return machineStateSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
