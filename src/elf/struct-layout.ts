/**
 * Little-endian structures, described once and used by reader and writer alike.
 *
 * @module
 */

/** Where a field lies in its structure, and how wide it is. `signed` reads two's complement. */
export interface FieldLayout {
  readonly at: number
  readonly width: 1 | 2 | 4 | 8
  readonly signed?: true
}

export interface StructLayout {
  readonly byteLength: number
  readonly fields: Readonly<Record<string, FieldLayout>>
}

/** The values of one structure: 8-byte fields are `bigint`, narrower ones `number`. */
export type StructValues<L extends StructLayout> = {
  readonly [Name in keyof L['fields']]: L['fields'][Name]['width'] extends 8 ? bigint : number
}

/** Reads the structure at `at`. The caller has checked that it lies inside `view`. */
export function readStruct<L extends StructLayout>(
  view: DataView,
  at: number,
  layout: L,
): StructValues<L> {
  const values: Record<string, bigint | number> = {}
  for (const [name, field] of Object.entries(layout.fields)) {
    values[name] = readField(view, at, field)
  }
  return values as StructValues<L>
}

/**
 * Writes every field of the structure at `at`.
 *
 * @throws RangeError when a value does not fit its field
 */
export function writeStruct<L extends StructLayout>(
  view: DataView,
  at: number,
  layout: L,
  values: StructValues<L>,
): void {
  for (const [name, field] of Object.entries(layout.fields)) {
    writeField(view, at, field, name, values[name] as bigint | number)
  }
}

/** Makes a view of exactly the bytes of `bytes`, wherever they lie in their buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readField(view: DataView, base: number, field: FieldLayout): bigint | number {
  const at = base + field.at
  switch (field.width) {
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at, true)
    case 4:
      return view.getUint32(at, true)
    case 8:
      return field.signed === true ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
  }
}

function writeField(
  view: DataView,
  base: number,
  field: FieldLayout,
  name: string,
  value: bigint | number,
): void {
  const whole = BigInt(value)
  const bits = field.width * 8
  const fitting = field.signed === true ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole)
  // DataView wraps silently, and a wrapped offset makes a file that only looks valid.
  if (fitting !== whole) {
    throw new RangeError(`${value.toString()} does not fit the ${field.width} bytes of ${name}`)
  }
  const at = base + field.at
  switch (field.width) {
    case 1:
      view.setUint8(at, Number(whole))
      break
    case 2:
      view.setUint16(at, Number(whole), true)
      break
    case 4:
      view.setUint32(at, Number(whole), true)
      break
    case 8:
      view.setBigUint64(at, BigInt.asUintN(64, whole), true)
      break
  }
}
