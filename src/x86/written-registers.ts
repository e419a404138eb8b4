import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction as IcedInstruction,
  InstructionInfoFactory,
  OpAccess,
  RegisterExt,
  Register,
} from 'iced-x86'
import type { VirtualAddress } from '../address/address.ts'
import type { GeneralRegister } from './general-register.ts'

/** What code does to general registers, and where else it goes. */
export interface RegisterWrites {
  /** Those that an instruction writes, wholly or in part. */
  readonly registers: ReadonlySet<GeneralRegister>
  /** Targets of direct calls, and of direct jumps out of the code. */
  readonly goesTo: readonly VirtualAddress[]
  readonly callsIndirectly: boolean
  readonly jumpsIndirectly: boolean
  /** Bytes that are no instruction were met. */
  readonly unclear: boolean
}

/** Reads `bytes` as one run of code at `address`. */
export function registerWrites(bytes: Uint8Array, address: VirtualAddress): RegisterWrites {
  const decoder = new Decoder(64, bytes, DecoderOptions.None)
  const factory = new InstructionInfoFactory()
  const current = new IcedInstruction()
  const registers = new Set<GeneralRegister>()
  const goesTo = new Set<VirtualAddress>()
  const end = address + BigInt(bytes.byteLength)
  let [callsIndirectly, jumpsIndirectly, unclear] = [false, false, false]
  try {
    decoder.ip = address
    while (decoder.canDecode) {
      decoder.decodeOut(current)
      if (current.isInvalid) {
        unclear = true
        continue
      }
      for (const register of writtenBy(current, factory)) registers.add(register)
      const flow = current.flowControl
      if (flow === FlowControl.IndirectCall) callsIndirectly = true
      if (flow === FlowControl.IndirectBranch) jumpsIndirectly = true
      if (!DIRECT.has(flow)) continue
      const target = current.nearBranchTarget
      if (flow === FlowControl.Call || target < address || target >= end) {
        goesTo.add(target as VirtualAddress)
      }
    }
  } finally {
    current.free()
    factory.free()
    decoder.free()
  }
  return { registers, goesTo: [...goesTo], callsIndirectly, jumpsIndirectly, unclear }
}

const DIRECT: ReadonlySet<FlowControl> = new Set([
  FlowControl.Call,
  FlowControl.UnconditionalBranch,
  FlowControl.ConditionalBranch,
])

const WRITES: ReadonlySet<OpAccess> = new Set([
  OpAccess.Write,
  OpAccess.CondWrite,
  OpAccess.ReadWrite,
  OpAccess.ReadCondWrite,
])

const NAMES: ReadonlyMap<Register, GeneralRegister> = new Map([
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

function writtenBy(
  current: IcedInstruction,
  factory: InstructionInfoFactory,
): readonly GeneralRegister[] {
  const info = factory.info(current)
  const used = info.usedRegisters()
  try {
    return used.flatMap(({ access, register }) => {
      const name = WRITES.has(access) ? NAMES.get(RegisterExt.fullRegister(register)) : undefined
      return name === undefined ? [] : [name]
    })
  } finally {
    for (const each of used) each.free()
    info.free()
  }
}
