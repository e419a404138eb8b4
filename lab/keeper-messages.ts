import { z } from 'zod'
import type { GuestRequest } from './guest.ts'
import type { MachineRequest } from './machine-options.ts'
import type { LabParts } from './parts.ts'

/** What `lab up` tells a keeper. Both run the same sources, so nothing is checked here. */
export type ToKeeper =
  | {
      readonly kind: 'start'
      readonly parts: LabParts
      readonly machine: MachineRequest
      readonly guests: readonly GuestRequest[]
    }
  /** From now on the keeper stands alone. Until then it ends with the process that started it. */
  | { readonly kind: 'release' }

/** What a keeper tells. */
export const fromKeeperSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), line: z.string() }),
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('released') }),
  z.object({ kind: z.literal('failed'), code: z.string(), message: z.string() }),
])

export type FromKeeper = z.infer<typeof fromKeeperSchema>
