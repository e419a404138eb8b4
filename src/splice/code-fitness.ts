import type { VirtualAddress } from '../address/address.ts'
import { holeBytes } from '../hotfix/code-text.ts'
import type { Code, Relocation } from '../hotfix/fix.ts'
import { decode } from '../x86/decode.ts'
import { endsFlow, type Instruction, type OperandField } from '../x86/instruction.ts'
import type { UnfitCode } from './plan-refusal.ts'

/** One thing that keeps code from being linked in, and where in the code it is. */
export interface CodeProblem {
  readonly offset: number
  readonly reason: UnfitCode
}

/** Code that can be linked in anywhere, and which of its relocations branch. */
export interface FitCode {
  readonly kind: 'fit'
  readonly branches: ReadonlySet<Relocation>
}

/**
 * Whether code can stand alone: it decodes completely, never runs off its end, and everything that
 * depends on where it lies is a relocation.
 *
 * Not promised: that it does what its author meant, or that it needs no exception table entry.
 */
// The holes hold zero, which changes no length, because a hole has to be a whole operand field.
export function judgeCode(
  code: Code,
): FitCode | { readonly kind: 'unfit'; readonly problems: readonly CodeProblem[] } {
  const decoded = decode(code.bytes, BASE)
  const problems: CodeProblem[] = []
  if (decoded.kind === 'undecodable') {
    problems.push({ offset: decoded.offset, reason: { kind: 'undecodable' } })
  }
  const boundaries = new Set(decoded.instructions.map((instruction) => instruction.offset))
  const branches = new Set<Relocation>()
  const relocated = new Set<Relocation>()
  for (const instruction of decoded.instructions) {
    const own = code.relocations.filter((one) => beginsInside(one, instruction))
    for (const one of own) {
      relocated.add(one)
      const reason = holeProblem(one, instruction)
      if (reason !== undefined) problems.push({ offset: one.at, reason })
      else if (instruction.branchTarget !== undefined) branches.add(one)
    }
    const reason = instructionProblem(instruction, own.length > 0, boundaries, code)
    if (reason !== undefined) problems.push({ offset: instruction.offset, reason })
  }
  for (const one of code.relocations) {
    if (!relocated.has(one) && decoded.kind === 'decoded') {
      problems.push({ offset: one.at, reason: { kind: 'hole-is-no-operand' } })
    }
  }
  const last = decoded.instructions.at(-1)
  if (decoded.kind === 'decoded' && (last === undefined || !endsFlow(last))) {
    problems.push({ offset: last?.offset ?? 0, reason: { kind: 'falls-off-its-end' } })
  }
  return problems.length === 0 ? { kind: 'fit', branches } : { kind: 'unfit', problems }
}

/** Where the code is decoded. In the middle, so that no branch leaves the address space. */
const BASE = 0x4000_0000_0000_0000n as VirtualAddress

function beginsInside(relocation: Relocation, instruction: Instruction): boolean {
  const { offset, byteLength } = instruction
  return relocation.at >= offset && relocation.at < offset + byteLength
}

function holeProblem(relocation: Relocation, instruction: Instruction): UnfitCode | undefined {
  const field = instruction.fields.find((one) => instruction.offset + one.at === relocation.at)
  if (field?.byteLength !== holeBytes(relocation)) return { kind: 'hole-is-no-operand' }
  if (relocation.kind === 'abs64') {
    return instruction.branchTarget === undefined ? undefined : { kind: 'hole-is-no-operand' }
  }
  if (!isRelative(field, instruction)) return { kind: 'hole-is-no-operand' }
  const isLast = field.at + field.byteLength === instruction.byteLength
  return isLast ? undefined : { kind: 'hole-is-not-last' }
}

/** Whether the field counts from the instruction's end. */
function isRelative(field: OperandField, instruction: Instruction): boolean {
  if (instruction.branchTarget !== undefined) return field.kind === 'immediate'
  return instruction.ripTarget !== undefined && field.kind === 'displacement'
}

function instructionProblem(
  instruction: Instruction,
  hasHole: boolean,
  boundaries: ReadonlySet<number>,
  code: Code,
): UnfitCode | undefined {
  const { flow, branchTarget, ripTarget } = instruction
  if (flow === 'indirect-jump' || flow === 'indirect-call') return { kind: 'indirect-branch' }
  if (flow === 'interrupt' || flow === 'transaction') return { kind: 'unsupported-instruction' }
  if (hasHole) return undefined
  if (branchTarget !== undefined) {
    const target = Number(branchTarget - BASE)
    if (target < 0 || target >= code.bytes.byteLength) return { kind: 'branch-without-relocation' }
    return boundaries.has(target) ? undefined : { kind: 'branch-into-instruction', target }
  }
  if (ripTarget !== undefined) {
    const target = Number(ripTarget - BASE)
    const isInside = target >= 0 && target < code.bytes.byteLength
    return isInside ? undefined : { kind: 'operand-without-relocation' }
  }
  return undefined
}
