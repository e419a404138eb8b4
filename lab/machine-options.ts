import { z } from 'zod'

/** A machine's name is also its directory's name. */
export const machineNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'a name is a small letter, then small letters, digits or dashes')

/** The devices with which Reweave can be tried. */
export const engineSchema = z.enum(['nvme', 'edu'])

/** The IOMMU that the machine has. */
export const iommuSchema = z.enum(['none', 'intel', 'amd'])

export const guestTypeSchema = z.enum(['pv', 'pvh'])

/** What one lab machine is like. */
export const machineOptionsSchema = z.object({
  name: machineNameSchema,
  /** RAM of the whole machine; Dom0 takes `dom0MemoryMb` of it, guests share the rest. */
  memoryMb: z.int().min(1024).max(65536).default(2048),
  dom0MemoryMb: z.int().min(512).default(1024),
  engines: z.array(engineSchema).default(['nvme', 'edu']),
  /**
   * How many address bits `edu` drives. With too few its DMA goes to the wrong memory: with 12 all
   * of it goes to frame 0, which Xen does not use once it has booted.
   */
  eduAddressBits: z.int().min(12).max(64).default(64),
  iommu: iommuSchema.default('none'),
  /** As the processor names itself to CPUID. Only AMD's gives Xen HVM, and so PVH guests. */
  cpuVendor: z.enum(['amd', 'intel']).default('amd'),
  /** Added to Xen's command line, and so stronger than what stands there. */
  xenOptions: z.array(z.string()).default([]),
  /** Added to the command line of Dom0's kernel. */
  dom0Options: z.array(z.string()).default([]),
  bootTimeoutMs: z.int().positive().default(300_000),
})

/** All options, each with its value. */
export type MachineOptions = z.infer<typeof machineOptionsSchema>

/** What a caller has to say: the name, and what differs from the defaults. */
export type MachineRequest = z.input<typeof machineOptionsSchema>

export type Engine = z.infer<typeof engineSchema>
export type Iommu = z.infer<typeof iommuSchema>
export type GuestType = z.infer<typeof guestTypeSchema>
