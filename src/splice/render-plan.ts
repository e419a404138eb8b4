import { copyBytes } from '../address/copy-bytes.ts'
import { advance, distance, hex, type VirtualAddress } from '../address/address.ts'
import type { Image } from '../image/image.ts'
import { disassemble } from '../x86/disassemble.ts'
import { decode } from '../x86/decode.ts'
import { type Sweep, sweepFunction } from '../x86/boundaries.ts'
import type { PlannedWrite, SplicePlan } from './plan.ts'

/**
 * The plan as `reweave plan` prints it: every write in its order, the old bytes and the new as
 * instructions, and why the write is safe. Ends without a line break.
 */
export function renderPlan(plan: SplicePlan, image: Image): string {
  const total = plan.writes.reduce((sum, write) => sum + write.after.byteLength, 0)
  const head =
    `${plan.fix} (${plan.advisory}) for build ${plan.buildId}: ` +
    `${plan.writes.length} writes, ${counted(total)}`
  const writes = plan.writes.map((write, index) =>
    [
      `${index + 1}. ${write.role} for change ${write.change + 1}: ${write.place}`,
      `   ${hex(write.at)}, ${counted(write.after.byteLength)}`,
      ...renderSide('-', write, 'before', image),
      ...renderSide('+', write, 'after', image),
      `   ${write.why}`,
    ].join('\n'),
  )
  return [head, ...writes].join('\n\n')
}

function renderSide(
  mark: string,
  write: PlannedWrite,
  side: 'before' | 'after',
  image: Image,
): readonly string[] {
  const bytes = write[side]
  const [first] = bytes
  if (bytes.byteLength > 1 && bytes.every((byte) => byte === first) && isFill(first)) {
    return [`   ${mark} ${bytes.byteLength} bytes of ${hexBytes(bytes.subarray(0, 1))}`]
  }
  const shown = inContext(write, bytes, image)
  return disassemble(shown.bytes, shown.start).map((line) => {
    const target = branchTarget(line.bytes, line.address, image)
    const text = `   ${mark} ${hex(line.address)}  ${hexBytes(line.bytes).padEnd(PRINTED_BYTES)} ${line.text}`
    return target === undefined ? text : `${text}  ; ${target}`
  })
}

/** Room for the bytes of most instructions; longer ones push their text to the right. */
const PRINTED_BYTES = 8 * 3

function isFill(byte: number | undefined): boolean {
  return byte === 0x00 || byte === 0x90 || byte === 0xcc
}

/**
 * The whole instructions that a switch lies in: an edit's one byte says nothing alone. What a
 * detour's jump leaves behind it is not shown, since nothing executes it any more.
 */
function inContext(
  write: PlannedWrite,
  bytes: Uint8Array,
  image: Image,
): { readonly start: VirtualAddress; readonly bytes: Uint8Array } {
  const alone = { start: write.at, bytes }
  const owner = write.role === 'switch' ? image.functionAt(write.at) : undefined
  if (owner === undefined) return alone
  const linked = image.bytesAt({ start: owner.address, byteLength: owner.byteLength })
  if (linked === undefined) return alone
  const code = copyBytes(linked)
  const sweep = sweepFunction(code, owner.address)
  const offset = distance(owner.address, write.at)
  const whole = wholeInstructions(sweep, offset, offset + bytes.byteLength)
  if (whole === undefined) return alone
  code.set(bytes, offset)
  const shown = code.subarray(whole.start, whole.end)
  const start = advance(owner.address, whole.start)
  if (whole.start !== offset || bytes === write.before) return { start, bytes: shown }
  const [leading] = decode(shown, start).instructions
  const isWholeJump = leading?.flow === 'jump' && leading.byteLength === bytes.byteLength
  return isWholeJump ? alone : { start, bytes: shown }
}

function wholeInstructions(
  sweep: Sweep,
  from: number,
  to: number,
): { readonly start: number; readonly end: number } | undefined {
  if (sweep.kind === 'unclean') return undefined
  const touched = sweep.instructions.filter(
    (instruction) => instruction.offset < to && instruction.offset + instruction.byteLength > from,
  )
  const [first] = touched
  const last = touched.at(-1)
  if (first === undefined || last === undefined) return undefined
  return { start: first.offset, end: last.offset + last.byteLength }
}

/** Where a line's direct branch goes, by symbol. */
function branchTarget(bytes: Uint8Array, at: VirtualAddress, image: Image): string | undefined {
  const [instruction] = decode(bytes, at).instructions
  const target = instruction?.branchTarget
  const owner = target === undefined ? undefined : image.functionAt(target)
  if (target === undefined || owner === undefined) return undefined
  const offset = distance(owner.address, target)
  return offset === 0 ? owner.name : `${owner.name}+${hex(offset)}`
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function counted(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`
}
