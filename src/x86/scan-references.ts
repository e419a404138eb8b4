import {
  Code,
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction as IcedInstruction,
  Mnemonic,
} from 'iced-x86'
import { advance, type VirtualAddress } from '../address/address.ts'

/**
 * How an instruction names an address.
 *
 * `call` and `jump` (conditional or not) hand control there; `operand` is relative to `%rip`, and
 * says nothing of what is done with the address.
 */
export type ReferenceForm = 'call' | 'jump' | 'operand'

/** What a scan reports as it goes. Offsets count from the first byte of the scan. */
export interface ReferenceVisitor {
  /** The instruction at `offset` names `target`, which may be no address at all. */
  reference(offset: number, target: bigint, form: ReferenceForm): void
  /** Execution never goes on behind the instruction that ends at `offset`. */
  flowEnds?(offset: number): void
}

/**
 * Reads `bytes` as one run of code at `address`, and reports each address that an instruction
 * names directly. Bytes that begin no instruction are passed over one by one. Absolute addresses
 * in immediates are not reported.
 *
 * @returns whether execution may run off the end of the bytes
 */
// `decode` makes plain objects of everything about an instruction. A whole hypervisor has some
// 400,000 of them, and of a quarter of these two numbers are wanted.
export function scanReferences(
  bytes: Uint8Array,
  address: VirtualAddress,
  visitor: ReferenceVisitor,
): boolean {
  const decoder = new Decoder(64, bytes, DecoderOptions.None)
  const current = new IcedInstruction()
  let runsOff = true
  try {
    decoder.ip = address
    while (decoder.canDecode) {
      const offset = decoder.position
      decoder.decodeOut(current)
      if (current.code === Code.INVALID) {
        decoder.position = offset + 1
        decoder.ip = advance(address, offset + 1)
        runsOff = true
        continue
      }
      const flow = current.flowControl
      const form = formOf(flow, current)
      if (form === 'operand') visitor.reference(offset, current.ipRelMemoryAddress, form)
      else if (form !== undefined) visitor.reference(offset, current.nearBranchTarget, form)
      if (ENDING.has(flow)) {
        visitor.flowEnds?.(decoder.position)
        runsOff = false
      } else if (!FILLING.has(current.mnemonic)) {
        runsOff = true
      }
    }
    return runsOff
  } finally {
    current.free()
    decoder.free()
  }
}

const ENDING: ReadonlySet<FlowControl> = new Set([
  FlowControl.UnconditionalBranch,
  FlowControl.IndirectBranch,
  FlowControl.Return,
  FlowControl.Exception,
])

/** What stands between pieces of code, so that what ended before it still has. */
const FILLING: ReadonlySet<Mnemonic> = new Set([Mnemonic.Nop, Mnemonic.Int3])

function formOf(flow: FlowControl, current: IcedInstruction): ReferenceForm | undefined {
  switch (flow) {
    case FlowControl.Call:
      return 'call'
    case FlowControl.ConditionalBranch:
    case FlowControl.UnconditionalBranch:
      return 'jump'
    default:
      return current.isIpRelMemoryOperand ? 'operand' : undefined
  }
}
