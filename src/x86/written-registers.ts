import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction as IcedInstruction,
  InstructionInfoFactory,
  OpAccess,
  RegisterExt,
} from 'iced-x86'
import type { VirtualAddress } from '../address/address.ts'
import type { GeneralRegister } from './general-register.ts'
import { GENERAL_BY_ICED } from './iced-registers.ts'

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

function writtenBy(
  current: IcedInstruction,
  factory: InstructionInfoFactory,
): readonly GeneralRegister[] {
  const info = factory.info(current)
  const used = info.usedRegisters()
  try {
    return used.flatMap(({ access, register }) => {
      const name = WRITES.has(access)
        ? GENERAL_BY_ICED.get(RegisterExt.fullRegister(register))
        : undefined
      return name === undefined ? [] : [name]
    })
  } finally {
    for (const each of used) each.free()
    info.free()
  }
}
