/**
 * x86-64 machine code, decoded into plain values.
 *
 * iced-x86 keeps its objects in WebAssembly memory that no garbage collector sees: none of them
 * leaves this file and `disassemble.ts`, and all are freed here.
 *
 * @module
 */

import {
  type ConstantOffsets,
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction as IcedInstruction,
  Mnemonic,
  OpKind,
} from 'iced-x86'
import { type VirtualAddress, virtualAddress } from '../address/address.ts'
import type { Flow, Instruction, OperandField } from './instruction.ts'

/**
 * A run of bytes as instructions, without gaps, from its first byte on.
 *
 * `undecodable` keeps what came before `offset`, where no instruction begins that lies whole
 * within the run.
 */
export type Decoded =
  | { readonly kind: 'decoded'; readonly instructions: readonly Instruction[] }
  | {
      readonly kind: 'undecodable'
      readonly instructions: readonly Instruction[]
      readonly offset: number
    }

/** Decodes `bytes` as 64-bit code that lies at `address`. Never throws. */
export function decode(bytes: Uint8Array, address: VirtualAddress): Decoded {
  const decoder = new Decoder(64, bytes, DecoderOptions.None)
  const current = new IcedInstruction()
  const instructions: Instruction[] = []
  try {
    decoder.ip = address
    while (decoder.canDecode) {
      const offset = decoder.position
      decoder.decodeOut(current)
      if (current.isInvalid) return { kind: 'undecodable', instructions, offset }
      const constants = decoder.getConstantOffsets(current)
      try {
        instructions.push(plainInstruction(current, constants, offset))
      } finally {
        constants.free()
      }
    }
    return { kind: 'decoded', instructions }
  } finally {
    current.free()
    decoder.free()
  }
}

function plainInstruction(
  from: IcedInstruction,
  constants: ConstantOffsets,
  offset: number,
): Instruction {
  return {
    offset,
    byteLength: from.length,
    flow: flowOf(from.flowControl),
    branchTarget: isNearBranch(from) ? virtualAddress(from.nearBranchTarget) : undefined,
    ripTarget: from.isIpRelMemoryOperand ? virtualAddress(from.ipRelMemoryAddress) : undefined,
    isNop: from.mnemonic === Mnemonic.Nop,
    isEndbr: from.mnemonic === Mnemonic.Endbr64,
    fields: operandFields(constants),
  }
}

function isNearBranch(from: IcedInstruction): boolean {
  return from.opCount > 0 && from.opKind(0) === OpKind.NearBranch64
}

function operandFields(constants: ConstantOffsets): readonly OperandField[] {
  const fields: OperandField[] = []
  if (constants.hasDisplacement) {
    fields.push({
      kind: 'displacement',
      at: constants.displacementOffset,
      byteLength: constants.displacementSize,
    })
  }
  if (constants.hasImmediate) {
    fields.push({
      kind: 'immediate',
      at: constants.immediateOffset,
      byteLength: constants.immediateSize,
    })
  }
  if (constants.hasImmediate2) {
    fields.push({
      kind: 'immediate',
      at: constants.immediateOffset2,
      byteLength: constants.immediateSize2,
    })
  }
  return fields
}

function flowOf(flow: FlowControl): Flow {
  switch (flow) {
    case FlowControl.Next:
      return 'next'
    case FlowControl.UnconditionalBranch:
      return 'jump'
    case FlowControl.IndirectBranch:
      return 'indirect-jump'
    case FlowControl.ConditionalBranch:
      return 'conditional-jump'
    case FlowControl.Return:
      return 'return'
    case FlowControl.Call:
      return 'call'
    case FlowControl.IndirectCall:
      return 'indirect-call'
    case FlowControl.Interrupt:
      return 'interrupt'
    case FlowControl.XbeginXabortXend:
      return 'transaction'
    case FlowControl.Exception:
      return 'exception'
    default:
      // A flow that a later iced-x86 adds is treated as one that ends nothing.
      return 'next'
  }
}
