import type { LivepatchPort } from './livepatch-port.ts'

/** More lines than this of one failure tell no more. */
const MOST_LINES = 12

/**
 * What Xen prints about livepatches from now on.
 *
 * Evidence for people: where the console cannot be read, there is none, and nothing else changes.
 */
export function watchMessages(port: LivepatchPort): () => readonly string[] {
  const before = messagesOf(port)
  return () => messagesSince(before, messagesOf(port)).slice(-MOST_LINES)
}

/** What came after `before` in a ring that may have dropped its oldest lines meanwhile. */
export function messagesSince(
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  for (let dropped = 0; dropped <= before.length; dropped += 1) {
    const kept = before.slice(dropped)
    if (kept.every((line, index) => line === after[index])) return after.slice(kept.length)
  }
  return after
}

function messagesOf(port: LivepatchPort): readonly string[] {
  try {
    return port.messages()
  } catch {
    return []
  }
}
