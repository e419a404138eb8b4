/**
 * A copy of the bytes from `start` up to `end`, which shares no memory with them.
 *
 * `slice` promises that of a `Uint8Array`, but not of a Node `Buffer`, which is one too: there it
 * gives a view, and a change of the "copy" would change an image's own bytes.
 */
export function copyBytes(from: Uint8Array, start = 0, end = from.byteLength): Uint8Array {
  return new Uint8Array(from.subarray(start, end))
}
