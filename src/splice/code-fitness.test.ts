import { describe, expect, it } from 'vitest'
import { readCodeText } from '../hotfix/code-text.ts'
import { judgeCode } from './code-fitness.ts'

/** The reasons, each with its offset; empty for fit code. */
function problemsOf(text: string): readonly (readonly [number, string])[] {
  const judged = judgeCode(readCodeText(text))
  return judged.kind === 'fit'
    ? []
    : judged.problems.map(({ offset, reason }) => [offset, reason.kind] as const)
}

describe('judgeCode()', () => {
  it.each([
    ['a jump out by a relocation', '85 f6  0f 85 {pc32 a}  e9 {pc32 b}'],
    ['a branch inside', '85 f6  74 02  31 c0  c3'],
    ['a call by a relocation', 'e8 {pc32 a}  c3'],
    ['an operand relative to rip', '48 8b 05 {pc32 a}  c3'],
    ['a movabs', '48 b8 {abs64 a}  c3'],
    ['an end in ud2', '31 c0  0f 0b'],
    ['an operand inside itself', '48 8b 05 f9 ff ff ff  c3'],
  ])('takes %s', (_, text) => {
    expect(problemsOf(text)).toEqual([])
  })

  it.each([
    ['bytes that are no instruction', '31 c0  06  c3', 2, 'undecodable'],
    ['an instruction cut short', '31 c0  e9 00', 2, 'undecodable'],
    ['an end that goes on', '31 c0', 0, 'falls-off-its-end'],
    ['a call at the end', 'e8 {pc32 a}', 0, 'falls-off-its-end'],
    ['a conditional jump at the end', '31 c0  0f 85 {pc32 a}', 2, 'falls-off-its-end'],
    ['a hole over an opcode', '{pc32 a}  c3', 0, 'hole-is-no-operand'],
    ['a hole amid an operand', '48 b8 00 00 {pc32 a} 00 00  c3', 4, 'hole-is-no-operand'],
    ['a relative hole in an immediate', 'b8 {pc32 a}  c3', 1, 'hole-is-no-operand'],
    ['a relative hole in an absolute address', '8b 04 25 {pc32 a}  c3', 3, 'hole-is-no-operand'],
    ['an absolute hole over two operands', 'c7 05 {abs64 a}  c3', 2, 'hole-is-no-operand'],
    [
      'a relative hole before an immediate',
      'c7 05 {pc32 a} 01 00 00 00  c3',
      2,
      'hole-is-not-last',
    ],
    ['a branch into an instruction', '74 01  b8 00 00 00 00  c3', 0, 'branch-into-instruction'],
    ['a branch out without relocation', 'e9 00 01 00 00', 0, 'branch-without-relocation'],
    ['a branch to its own end', 'c3  74 00  c3  eb 00', 4, 'branch-without-relocation'],
    ['an operand without relocation', '48 8b 05 00 01 00 00  c3', 0, 'operand-without-relocation'],
    ['an indirect jump', 'ff e0', 0, 'indirect-branch'],
    ['an indirect call', 'ff d0  c3', 0, 'indirect-branch'],
    ['an int3', 'cc  c3', 0, 'unsupported-instruction'],
  ])('refuses %s', (_, text, offset, reason) => {
    expect(problemsOf(text)).toContainEqual([offset, reason])
  })

  it('lists everything that is wrong', () => {
    expect(problemsOf('ff e0  cc  31 c0')).toEqual([
      [0, 'indirect-branch'],
      [2, 'unsupported-instruction'],
      [3, 'falls-off-its-end'],
    ])
  })

  it('tells which relocations branch', () => {
    const code = readCodeText('48 8b 05 {pc32 a}  e8 {pc32 b}  e9 {pc32 c}')
    const judged = judgeCode(code)
    const branches = judged.kind === 'fit' ? [...judged.branches] : []
    expect(branches.map((relocation) => relocation.target.symbol)).toEqual(['b', 'c'])
  })
})
