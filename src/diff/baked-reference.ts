import type { ElfSection } from '../elf/elf-file.ts'
import type { Instruction } from '../x86/instruction.ts'
import type { SectionCode } from './instruction-ends.ts'
import type { RawReference } from './raw-reference.ts'

/**
 * The distances between functions of one section that the assembler has filled in itself.
 *
 * It leaves no relocation for a static function or label of the same section. In `.init.text`,
 * and in objects compiled without `-ffunction-sections`, such distances change whenever anything
 * between the two places grows, so they have to be compared by what they mean.
 */
export function bakedReferences(
  section: ElfSection,
  code: SectionCode,
  options: { readonly starts: readonly number[]; readonly related: readonly RawReference[] },
): RawReference[] {
  const { starts } = options
  const sectionBytes = Number(section.byteLength)
  if (starts.length < 2) return []
  const taken = new Set(options.related.map(({ at }) => at))
  const found: RawReference[] = []
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? sectionBytes
    for (const instruction of code.instructionsFrom(start)) {
      const field = relativeField(instruction)
      if (field === undefined) continue
      const target = Number(field.target)
      if (target >= sectionBytes || (target >= start && target < end)) continue
      const at = start + instruction.offset + field.at
      if (taken.has(at)) continue
      const distance = start + instruction.offset + instruction.byteLength - at
      found.push({
        at,
        byteLength: field.byteLength,
        type: 'baked',
        addend: BigInt(-distance),
        isBranch: instruction.branchTarget !== undefined,
        target: { kind: 'place', section: section.index, offset: target },
      })
    }
  }
  return found
}

function relativeField(
  instruction: Instruction,
): { readonly at: number; readonly byteLength: number; readonly target: bigint } | undefined {
  const target = instruction.branchTarget ?? instruction.ripTarget
  if (target === undefined) return undefined
  const wanted = instruction.branchTarget === undefined ? 'displacement' : 'immediate'
  const field = instruction.fields.find(({ kind }) => kind === wanted) ?? instruction.fields[0]
  return field === undefined ? undefined : { at: field.at, byteLength: field.byteLength, target }
}
