import type {
  LivepatchActionRequest,
  LivepatchAnswer,
  LivepatchListAnswer,
  LivepatchStatusAnswer,
} from '../xen/livepatch.ts'

/**
 * Xen's livepatch mechanism, call by call, as the channel needs it. `Livepatch` is one; see there
 * for what an answer means.
 */
export interface LivepatchPort {
  readonly interfaceVersion: number
  upload(name: string, payload: Uint8Array): LivepatchAnswer
  get(name: string): LivepatchStatusAnswer
  list(): LivepatchListAnswer
  act(request: LivepatchActionRequest): LivepatchAnswer
  /** What Xen's console still holds about livepatches, oldest first. */
  messages(): readonly string[]
}

/** Time, in milliseconds from any start, and waiting. */
export interface LivepatchClock {
  now(): number
  sleep(milliseconds: number): Promise<void>
}
