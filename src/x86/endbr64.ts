/** Intel SDM volume 2A, ENDBR64: where indirect branches may arrive. */
export const ENDBR64: readonly number[] = [0xf3, 0x0f, 0x1e, 0xfa]

/** Whether code begins with it. */
export function beginsWithEndbr64(code: ArrayLike<number>): boolean {
  return ENDBR64.every((byte, index) => code[index] === byte)
}
