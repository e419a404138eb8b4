/** A digest for tests of pure code: 20 bytes that depend on every byte and its place. */
export function sampleDigest(bytes: Uint8Array): Uint8Array {
  const words = new Uint32Array(5).map((_, index) => 0x811c9dc5 + index)
  for (const [at, byte] of bytes.entries()) {
    const index = at % 5
    words[index] = Math.imul((words[index] ?? 0) ^ byte ^ (at << 8), 0x01000193)
    words[(index + 1) % 5] = (words[(index + 1) % 5] ?? 0) ^ ((words[index] ?? 0) >>> 7)
  }
  return new Uint8Array(words.buffer)
}
