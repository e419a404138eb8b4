import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { lastLines } from './console-log.ts'
import { parseBeats } from './heartbeat.ts'
import { LabError } from './lab-error.ts'
import { guestTypeSchema } from './machine-options.ts'
import type { RemoteMachine } from './remote-machine.ts'

const guestOptionsSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  type: guestTypeSchema,
  memoryMb: z.int().min(48).default(96),
  /** Added to the command line of the guest's kernel. */
  extra: z
    .string()
    .regex(/^[^"\n]*$/)
    .default(''),
  /** More lines for xl's configuration file (xl.cfg(5)). */
  settings: z.array(z.string()).default([]),
  timeoutMs: z.int().positive().default(300_000),
  /** How often to try. A guest whose heart has beaten is never replaced. */
  attempts: z.int().positive().default(3),
})

export type GuestRequest = z.input<typeof guestOptionsSchema>

/** A guest that beats. */
export interface Guest {
  readonly name: string
  /** Where in Dom0 its console is logged. */
  readonly log: string
  destroy(): Promise<void>
}

/**
 * Without `pci=noearly` a PVH guest's kernel probes every possible PCI device for an AGP aperture:
 * 130,000 accesses that Xen must intercept, two minutes in nested emulation.
 */
const KERNEL_OPTIONS = 'console=hvc0 quiet panic=-1 pci=noearly mitigations=off cryptomgr.notests'

/** Beats that make it sure that the guest runs, and not only its first line. */
const FIRST_BEATS = 3

/** Where xenconsoled logs a guest's console, with `--log=guest`. */
export function guestLog(name: string): string {
  return `/var/log/xen/console/guest-${name}.log`
}

/**
 * Creates a guest from the lab's kernel and initramfs, and waits until its heart beats.
 *
 * @throws LabError `guest-failed` when xl refuses or the guest dies, `guest-timed-out` when no beats
 * come
 */
// PVH guests were seen to die early in their boot by a triple fault, mostly on a loaded host: Xen's
// SVM code runs on QEMU's emulation of SVM. Such a death says nothing about Xen, so it is tried again.
export async function startGuest(machine: RemoteMachine, request: GuestRequest): Promise<Guest> {
  const options = guestOptionsSchema.parse(request)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await createGuest(machine, options)
    } catch (error) {
      const died = error instanceof LabError && error.code === 'guest-failed'
      if (!died || attempt >= options.attempts) throw error
    }
  }
}

async function createGuest(
  machine: RemoteMachine,
  options: z.output<typeof guestOptionsSchema>,
): Promise<Guest> {
  const { name } = options
  const log = guestLog(name)
  const { kernel, initramfs } = machine.state().guest
  const config = [
    `name = "${name}"`,
    `type = "${options.type}"`,
    `memory = ${options.memoryMb}`,
    'vcpus = 1',
    `kernel = "${kernel}"`,
    `ramdisk = "${initramfs}"`,
    `extra = "${KERNEL_OPTIONS} ${options.extra}"`,
    // A guest that crashes is to be seen, not replaced.
    'on_crash = "preserve"',
    'on_reboot = "destroy"',
    ...options.settings,
  ].join('\n')
  // The log of an earlier guest of that name would be continued.
  const create = `rm -f ${log} && cat > /root/${name}.cfg && xl create -q /root/${name}.cfg`
  const created = await machine.exec(create, { stdin: `${config}\n` })
  if (created.exit !== 0) {
    throw new LabError(
      'guest-failed',
      `Cannot create guest ${name} in ${machine.name}: ${lastLines(created.stderr, 10)}`,
    )
  }
  const destroy = async (): Promise<void> => void (await machine.run(['xl', 'destroy', name]))
  try {
    await waitForBeats(machine, name, options.timeoutMs)
  } catch (cause) {
    await destroy().catch(() => undefined)
    throw cause
  }
  return { name, log, destroy }
}

async function waitForBeats(
  machine: RemoteMachine,
  name: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const { stdout } = await machine.exec(['cat', guestLog(name)])
    if (parseBeats(stdout).length >= FIRST_BEATS) return
    const domain = await machine.exec(['xl', 'domid', name])
    if (domain.exit !== 0) {
      const tail = lastLines(machine.consoleLog(), 30)
      throw new LabError(
        'guest-failed',
        `Guest ${name} in ${machine.name} died while it booted; the machine's console:\n${tail}`,
      )
    }
    if (Date.now() > deadline) {
      const tail = lastLines(stdout, 10) || '(nothing)'
      throw new LabError(
        'guest-timed-out',
        `Guest ${name} in ${machine.name} had no heartbeat within ${timeoutMs} ms; its console:\n${tail}`,
      )
    }
    await sleep(500)
  }
}
