import type { Reason } from './reason.ts'

/**
 * All reasons why a patch cannot be brought in live, from whoever found them, each once.
 *
 * They are put in the order of objects and symbols, so that equal inputs give equal lists. A
 * patch may pass only if the list is empty.
 */
export function gate(...found: readonly (readonly Reason[])[]): readonly Reason[] {
  const byText = new Map<string, Reason>()
  for (const reason of found.flat()) {
    const { object = '', symbol = '', kind } = reason
    const key = [object, symbol, kind, JSON.stringify(reason)].join('\0')
    byText.set(key, reason)
  }
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, reason]) => reason)
}
