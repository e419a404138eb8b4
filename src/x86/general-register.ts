/** The sixteen general registers, in the order in which x86-64 encodes them. */
export const GENERAL_REGISTERS = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
] as const

/** A general register, always the whole 64 bits of it. */
export type GeneralRegister = (typeof GENERAL_REGISTERS)[number]

/** The register's number in ModRM, SIB and REX (Intel SDM volume 2A, table 3-1). */
export function registerNumber(register: GeneralRegister): number {
  return GENERAL_REGISTERS.indexOf(register)
}
