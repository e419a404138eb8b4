import { copyBytes } from '../address/copy-bytes.ts'
import {
  Decoder,
  DecoderOptions,
  Formatter,
  FormatterSyntax,
  Instruction as IcedInstruction,
} from 'iced-x86'
import { advance, type VirtualAddress } from '../address/address.ts'

/** One instruction as people read it. */
export interface DisassembledLine {
  readonly address: VirtualAddress
  readonly bytes: Uint8Array
  /** Intel syntax, such as `mov rax,0xffffffffffffffc3`; `(bad)` for bytes that are no instruction. */
  readonly text: string
}

/**
 * The bytes in Intel syntax, for people: nothing may be decided by its text.
 *
 * Bytes that are no instruction become `(bad)` one by one, so every byte is shown.
 */
export function disassemble(
  bytes: Uint8Array,
  address: VirtualAddress,
): readonly DisassembledLine[] {
  const decoder = new Decoder(64, bytes, DecoderOptions.None)
  const current = new IcedInstruction()
  const formatter = intelFormatter()
  const lines: DisassembledLine[] = []
  try {
    decoder.ip = address
    while (decoder.canDecode) {
      const offset = decoder.position
      decoder.decodeOut(current)
      const bad = current.isInvalid
      if (bad) {
        decoder.position = offset + 1
        decoder.ip = advance(address, offset + 1)
      }
      lines.push({
        address: advance(address, offset),
        bytes: copyBytes(bytes, offset, decoder.position),
        text: bad ? '(bad)' : formatter.format(current),
      })
    }
    return lines
  } finally {
    formatter.free()
    current.free()
    decoder.free()
  }
}

function intelFormatter(): Formatter {
  const formatter = new Formatter(FormatterSyntax.Intel)
  formatter.hexPrefix = '0x'
  formatter.hexSuffix = ''
  formatter.uppercaseHex = false
  formatter.spaceAfterOperandSeparator = true
  formatter.showBranchSize = false
  formatter.ripRelativeAddresses = true
  formatter.branchLeadingZeros = false
  formatter.leadingZeros = false
  formatter.smallHexNumbersInDecimal = false
  return formatter
}
