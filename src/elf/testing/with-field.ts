import type { FieldLayout } from '../struct-layout.ts'

/** A copy of the file with one field changed. */
export function withField(
  file: Uint8Array,
  structAt: number,
  field: FieldLayout,
  value: bigint,
): Uint8Array {
  const copy = file.slice()
  const view = new DataView(copy.buffer)
  for (let byte = 0; byte < field.width; byte += 1) {
    view.setUint8(structAt + field.at + byte, Number((value >> BigInt(8 * byte)) & 0xffn))
  }
  return copy
}
