import { simPlan, simWrite } from './arbitrary-plan.ts'

/** One change by a jump to staged code, over a relay. */
export const detour = simPlan([
  simWrite('stage', 0, 0x700, new Uint8Array(21).fill(0x90)),
  simWrite('relay', 0, 0x301, Uint8Array.of(0xe9, 1, 2, 3, 4)),
  simWrite('switch', 0, 0x320, Uint8Array.of(0xeb, 0xdf)),
])

/** Three changes: over a relay, by a jump of its own, and in place. */
export const twoDetoursAndAnEdit = simPlan([
  simWrite('stage', 0, 0x700, new Uint8Array(21).fill(0x90)),
  simWrite('stage', 1, 0x71c, new Uint8Array(30).fill(0x91)),
  simWrite('relay', 0, 0x301, Uint8Array.of(0xe9, 1, 2, 3, 4)),
  simWrite('switch', 0, 0x320, Uint8Array.of(0xeb, 0xdf)),
  simWrite('switch', 1, 0x40b, Uint8Array.of(0xe9, 9, 8, 7, 6)),
  simWrite('switch', 2, 0x500, Uint8Array.of(0x83)),
])
