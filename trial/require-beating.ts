import { setTimeout as sleep } from 'node:timers/promises'

/** How often to look before a guest counts as silent: for half a minute, on a loaded machine. */
const LOOKS = 60
const PAUSE_MS = 500

/**
 * Sees that a guest runs: that its heart beats so many times more.
 *
 * @param beats how many it has logged so far
 * @throws Error when they do not come
 */
export async function requireBeating(
  guest: string,
  beats: () => Promise<number>,
  { more, pauseMs = PAUSE_MS }: { readonly more: number; readonly pauseMs?: number },
): Promise<void> {
  const first = await beats()
  for (let look = 0; (await beats()) < first + more; look += 1) {
    if (look >= LOOKS) throw new Error(`Guest ${guest} stopped beating`)
    await sleep(pauseMs)
  }
}
