/** What a file may be, before it is parsed. */
export interface JsonLimits {
  readonly longestText: number
  readonly deepest: number
}

/** Xen's own files are under a megabyte; CSAF feeds have reached tens of them. */
export const JSON_LIMITS: JsonLimits = { longestText: 64 * 1024 * 1024, deepest: 64 }

export type JsonRead =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'too-large'; readonly length: number; readonly longest: number }
  | { readonly kind: 'too-deep'; readonly deepest: number }
  | { readonly kind: 'not-json' }

/**
 * Parses JSON of limited size and depth.
 *
 * The depth is measured before anything is built, so that code which walks the result by recursion
 * cannot run out of stack. A refusal quotes nothing of the text.
 */
export function parseJson(text: string, limits: JsonLimits = JSON_LIMITS): JsonRead {
  if (text.length > limits.longestText) {
    return { kind: 'too-large', length: text.length, longest: limits.longestText }
  }
  if (depthOf(text, limits.deepest) > limits.deepest) {
    return { kind: 'too-deep', deepest: limits.deepest }
  }
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown }
  } catch {
    // The engine's message quotes the text, which may be under embargo.
    return { kind: 'not-json' }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d])

/** How deep brackets nest outside strings; stops counting just over `enough`. */
function depthOf(text: string, enough: number): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length && deepest <= enough; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (OPENING.has(code)) {
      depth += 1
      deepest = Math.max(deepest, depth)
    } else if (CLOSING.has(code)) depth -= 1
  }
  return deepest
}

/** Where the string that begins at `start` ends; the end of the text if it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}
