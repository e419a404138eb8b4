/** Bytes for tests, from pairs of hexadecimal digits with any white space between them. */
export function hexBytes(text: string): Uint8Array {
  const pairs = text
    .trim()
    .split(/\s+/)
    .filter((pair) => pair !== '')
  return Uint8Array.from(pairs, (pair) => {
    if (!/^[0-9a-f]{2}$/.test(pair)) throw new Error(`${pair} is no byte`)
    return Number.parseInt(pair, 16)
  })
}
