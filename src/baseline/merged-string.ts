/** The string of `width`-byte units that begins at `at`, without its end; undefined if it has none. */
export function stringAt(bytes: Uint8Array, at: number, width: number): Uint8Array | undefined {
  if (at < 0) return undefined
  for (let end = at; end + width <= bytes.length; end += width) {
    if (isZero(bytes, end, width)) return bytes.subarray(at, end)
  }
  return undefined
}

/** A string's content for people: wide ones too, with what is not printable escaped. */
export function textOf(bytes: Uint8Array, width: number): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += width) {
    let unit = 0
    for (let index = width - 1; index >= 0; index -= 1) {
      unit = unit * 256 + (bytes[at + index] ?? 0)
    }
    text += unit >= 0x20 && unit <= 0x7e ? String.fromCharCode(unit) : `\\x${unit.toString(16)}`
  }
  return text
}

function isZero(bytes: Uint8Array, at: number, width: number): boolean {
  for (let index = 0; index < width; index += 1) if (bytes[at + index] !== 0) return false
  return true
}
