/**
 * Text as UTF-8 and back.
 *
 * Pure folders have no `TextEncoder`, but the language itself encodes and decodes UTF-8 in URIs,
 * and is strict about it (ECMA-262, 19.2.6).
 *
 * @module
 */

/** @throws URIError when the text holds half of a surrogate pair */
export function utf8Bytes(text: string): Uint8Array {
  const encoded = encodeURIComponent(text)
  const bytes: number[] = []
  for (let at = 0; at < encoded.length; at += 1) {
    if (encoded[at] === '%') {
      bytes.push(Number.parseInt(encoded.slice(at + 1, at + 3), 16))
      at += 2
    } else bytes.push(encoded.charCodeAt(at))
  }
  return Uint8Array.from(bytes)
}

/** The text, or undefined where the bytes are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  const encoded: string[] = []
  // In pieces: one text that grew byte by byte would take some fifty times the room.
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES)
    encoded.push(Array.from(piece, (byte) => ESCAPES[byte]).join(''))
  }
  try {
    return decodeURIComponent(encoded.join(''))
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

const PIECE_BYTES = 4096

const ESCAPES = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).padStart(2, '0')}`)
