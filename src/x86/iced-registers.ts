import { Register } from 'iced-x86'
import type { GeneralRegister } from './general-register.ts'

/** The general registers as iced numbers them, each whole. */
export const GENERAL_BY_ICED: ReadonlyMap<Register, GeneralRegister> = new Map([
  [Register.RAX, 'rax'],
  [Register.RCX, 'rcx'],
  [Register.RDX, 'rdx'],
  [Register.RBX, 'rbx'],
  [Register.RSP, 'rsp'],
  [Register.RBP, 'rbp'],
  [Register.RSI, 'rsi'],
  [Register.RDI, 'rdi'],
  [Register.R8, 'r8'],
  [Register.R9, 'r9'],
  [Register.R10, 'r10'],
  [Register.R11, 'r11'],
  [Register.R12, 'r12'],
  [Register.R13, 'r13'],
  [Register.R14, 'r14'],
  [Register.R15, 'r15'],
])
