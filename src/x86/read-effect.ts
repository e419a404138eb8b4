import {
  Decoder,
  DecoderOptions,
  Instruction as IcedInstruction,
  InstructionInfoFactory,
  MemorySizeExt,
  Mnemonic,
  OpAccess,
  OpKind,
  Register,
  RegisterExt,
  type UsedMemory,
  type UsedRegister,
} from 'iced-x86'
import type { VirtualAddress } from '../address/address.ts'
import type { Effect, PlainOperand } from './effect.ts'
import type { GeneralRegister } from './general-register.ts'
import { GENERAL_BY_ICED } from './iced-registers.ts'

/**
 * What the one instruction that `bytes` are does, when it lies at `address`.
 *
 * Only instructions are told apart that compilers put at the beginning of functions; all others,
 * and bytes that are not exactly one instruction, are opaque. Never throws.
 */
// The registers that an instruction touches are iced's knowledge. The mnemonics are listed all the
// same, because an instruction may do more than touch registers: trap, wait, or talk to a device.
export function readEffect(bytes: Uint8Array, address: VirtualAddress): Effect {
  const decoder = new Decoder(64, bytes, DecoderOptions.None)
  const factory = new InstructionInfoFactory()
  const current = new IcedInstruction()
  try {
    decoder.ip = address
    decoder.decodeOut(current)
    if (current.isInvalid || current.length !== bytes.byteLength) return OPAQUE
    return exactEffect(current) ?? touchedRegisters(current, factory)
  } finally {
    current.free()
    factory.free()
    decoder.free()
  }
}

const OPAQUE: Effect = { kind: 'opaque' }

/** The general register, if `register` is the whole of one. */
function whole(register: Register): GeneralRegister | undefined {
  return GENERAL_BY_ICED.get(register)
}

function isRead(access: OpAccess): boolean {
  return (
    access === OpAccess.Read ||
    access === OpAccess.CondRead ||
    access === OpAccess.ReadWrite ||
    access === OpAccess.ReadCondWrite
  )
}

function isWrite(access: OpAccess): boolean {
  return (
    access === OpAccess.Write ||
    access === OpAccess.CondWrite ||
    access === OpAccess.ReadWrite ||
    access === OpAccess.ReadCondWrite
  )
}

const COMPUTING: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Add,
  Mnemonic.And,
  Mnemonic.Bsf,
  Mnemonic.Bsr,
  Mnemonic.Bswap,
  Mnemonic.Bt,
  Mnemonic.Cdq,
  Mnemonic.Cdqe,
  Mnemonic.Cmova,
  Mnemonic.Cmovae,
  Mnemonic.Cmovb,
  Mnemonic.Cmovbe,
  Mnemonic.Cmove,
  Mnemonic.Cmovg,
  Mnemonic.Cmovge,
  Mnemonic.Cmovl,
  Mnemonic.Cmovle,
  Mnemonic.Cmovne,
  Mnemonic.Cmovs,
  Mnemonic.Cmovns,
  Mnemonic.Cmp,
  Mnemonic.Cqo,
  Mnemonic.Dec,
  Mnemonic.Endbr64,
  Mnemonic.Imul,
  Mnemonic.Inc,
  Mnemonic.Lea,
  Mnemonic.Mov,
  Mnemonic.Movsx,
  Mnemonic.Movsxd,
  Mnemonic.Movzx,
  Mnemonic.Neg,
  Mnemonic.Nop,
  Mnemonic.Not,
  Mnemonic.Or,
  Mnemonic.Push,
  Mnemonic.Rol,
  Mnemonic.Ror,
  Mnemonic.Sar,
  Mnemonic.Sbb,
  Mnemonic.Seta,
  Mnemonic.Setae,
  Mnemonic.Setb,
  Mnemonic.Setbe,
  Mnemonic.Sete,
  Mnemonic.Setg,
  Mnemonic.Setge,
  Mnemonic.Setl,
  Mnemonic.Setle,
  Mnemonic.Setne,
  Mnemonic.Shl,
  Mnemonic.Shr,
  Mnemonic.Sub,
  Mnemonic.Test,
  Mnemonic.Xor,
])

/** What is known of the instruction to the last bit. */
function exactEffect(from: IcedInstruction): Effect | undefined {
  switch (from.mnemonic) {
    case Mnemonic.Push: {
      if (from.stackPointerIncrement !== -8 || from.op0Kind === OpKind.Memory) return OPAQUE
      if (from.op0Kind !== OpKind.Register) return { kind: 'push', from: undefined }
      const register = whole(from.op0Register)
      return register === undefined || register === 'rsp'
        ? OPAQUE
        : { kind: 'push', from: register }
    }
    case Mnemonic.Mov: {
      if (from.op0Kind !== OpKind.Register || from.op1Kind !== OpKind.Register) return undefined
      return set(whole(from.op0Register), whole(from.op1Register), 0n)
    }
    case Mnemonic.Lea: {
      if (from.memoryIndex !== Register.None) return undefined
      return set(whole(from.op0Register), whole(from.memoryBase), from.memoryDisplacement)
    }
    case Mnemonic.Add:
    case Mnemonic.Sub: {
      const immediate = signedImmediate(from)
      const register = from.op0Kind === OpKind.Register ? whole(from.op0Register) : undefined
      if (immediate === undefined) return undefined
      return set(register, register, from.mnemonic === Mnemonic.Add ? immediate : -immediate)
    }
    case Mnemonic.Or: {
      const mask = signedImmediate(from)
      const to = from.op0Kind === OpKind.Register ? whole(from.op0Register) : undefined
      if (to === undefined || to === 'rsp' || mask === undefined) return undefined
      const isLowBits = mask > 0n && (mask & (mask + 1n)) === 0n
      return isLowBits ? { kind: 'fill', to, mask: Number(mask) } : undefined
    }
    default:
      return undefined
  }
}

function set(
  to: GeneralRegister | undefined,
  from: GeneralRegister | undefined,
  plus: bigint,
): Effect | undefined {
  if (to === undefined || from === undefined) return undefined
  const signed = BigInt.asIntN(64, plus)
  // A displacement of more than 32 bits has no encoding, and could not be undone by one.
  if (BigInt.asIntN(32, signed) !== signed) return undefined
  return { kind: 'set', to, from, plus: Number(signed) }
}

function signedImmediate(from: IcedInstruction): bigint | undefined {
  switch (from.op1Kind) {
    case OpKind.Immediate8to64:
    case OpKind.Immediate32to64:
      return BigInt.asIntN(64, from.immediate(1))
    default:
      return undefined
  }
}

function touchedRegisters(from: IcedInstruction, factory: InstructionInfoFactory): Effect {
  if (!COMPUTING.has(from.mnemonic) || from.hasLockPrefix) return OPAQUE
  const info = factory.info(from)
  const registers = info.usedRegisters() as UsedRegister[]
  const memories = info.usedMemory() as UsedMemory[]
  try {
    const reads = new Set<GeneralRegister>()
    const writes = new Set<GeneralRegister>()
    for (const { register, access } of registers) {
      const full = RegisterExt.fullRegister(register)
      const general = RegisterExt.isGPR(full) ? whole(full) : undefined
      if (general === undefined) {
        if (!RegisterExt.isSegmentRegister(register) || isWrite(access)) return OPAQUE
        continue
      }
      if (isRead(access)) reads.add(general)
      if (isWrite(access)) {
        writes.add(general)
        // A write of 8 or 16 bits keeps the rest; one of 32 bits clears it.
        if (access === OpAccess.CondWrite || access === OpAccess.ReadCondWrite) reads.add(general)
        if (RegisterExt.size(register) < 4) reads.add(general)
      }
    }
    const stores = memories.filter(({ access }) => isWrite(access))
    if (stores.length > 0) return storeEffect(from, stores, [...reads], writes)
    const memory = memories.length === 0 ? 'none' : memoryRead(from)
    return { kind: 'compute', reads: [...reads], writes: [...writes], memory }
  } finally {
    for (const each of [...registers, ...memories]) each.free()
    info.free()
  }
}

function memoryRead(from: IcedInstruction): 'image' | PlainOperand | 'other' {
  // Intel SDM volume 2A, BT: by a register, it looks as far from the operand as the register says.
  const isBitString = from.mnemonic === Mnemonic.Bt && from.op1Kind === OpKind.Register
  if (usesSegmentBase(from) || isBitString) return 'other'
  return from.isIpRelMemoryOperand ? 'image' : (plainOperand(from) ?? 'other')
}

/** The memory operand, if it is a register and a displacement. */
function plainOperand(from: IcedInstruction): PlainOperand | undefined {
  const base = whole(from.memoryBase)
  const displacement = BigInt.asIntN(64, from.memoryDisplacement)
  if (base === undefined || from.memoryIndex !== Register.None) return undefined
  if (BigInt.asIntN(32, displacement) !== displacement) return undefined
  const byteLength = MemorySizeExt.size(from.memorySize)
  return { base, displacement: Number(displacement), byteLength }
}

function usesSegmentBase(from: IcedInstruction): boolean {
  return from.segmentPrefix === Register.FS || from.segmentPrefix === Register.GS
}

function storeEffect(
  from: IcedInstruction,
  stores: readonly UsedMemory[],
  reads: readonly GeneralRegister[],
  writes: ReadonlySet<GeneralRegister>,
): Effect {
  const to = plainOperand(from)
  if (stores.length !== 1 || to === undefined || writes.size > 0 || usesSegmentBase(from)) {
    return OPAQUE
  }
  const isMove = from.mnemonic === Mnemonic.Mov && from.op1Kind === OpKind.Register
  return { kind: 'store', to, from: isMove ? whole(from.op1Register) : undefined, reads }
}
