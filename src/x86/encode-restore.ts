/**
 * The three instructions that bring registers back: `pop`, `mov` and `lea`. None changes flags.
 *
 * Intel SDM volume 2: "POP" (58+rd), "MOV" (REX.W 89 /r), "LEA" (REX.W 8D /r); 2.1.5 for ModRM and
 * SIB.
 *
 * @module
 */

import { type GeneralRegister, registerNumber } from './general-register.ts'

const REX = 0x40
const REX_W = 0x48

/** `pop %register` */
export function encodePop(register: GeneralRegister): Uint8Array {
  const number = registerNumber(register)
  const opcode = 0x58 | (number & 7)
  return number < 8 ? Uint8Array.of(opcode) : Uint8Array.of(REX | 1, opcode)
}

/** `mov %from,%to` */
export function encodeMove(to: GeneralRegister, from: GeneralRegister): Uint8Array {
  const source = registerNumber(from)
  const target = registerNumber(to)
  const rex = REX_W | ((source >> 3) << 2) | (target >> 3)
  return Uint8Array.of(rex, 0x89, 0xc0 | ((source & 7) << 3) | (target & 7))
}

/**
 * `lea displacement(%from),%to`
 *
 * @throws RangeError when the displacement has more than 32 bits
 */
export function encodeLea(
  to: GeneralRegister,
  from: GeneralRegister,
  displacement: number,
): Uint8Array {
  if (displacement !== (displacement | 0)) {
    throw new RangeError(`${displacement} is no 32-bit displacement`)
  }
  const base = registerNumber(from)
  const target = registerNumber(to)
  const isShort = displacement >= -0x80 && displacement <= 0x7f
  const modrm = (isShort ? 0x40 : 0x80) | ((target & 7) << 3) | (base & 7)
  // %rsp and %r12 as a base are written with a SIB byte that names no index.
  const sib = (base & 7) === 4 ? [0x24] : []
  const bytes = new Uint8Array(3 + sib.length + (isShort ? 1 : 4))
  bytes.set([REX_W | ((target >> 3) << 2) | (base >> 3), 0x8d, modrm, ...sib])
  const view = new DataView(bytes.buffer)
  if (isShort) view.setInt8(3 + sib.length, displacement)
  else view.setInt32(3 + sib.length, displacement, true)
  return bytes
}
