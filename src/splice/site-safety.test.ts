import { describe, expect, it } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { FunctionSweeps } from './function-sweeps.ts'
import {
  judgeDetour,
  judgeEdit,
  type SafeDetour,
  type SafeEdit,
  type Unsafe,
} from './site-safety.ts'
import { functionOf, imageOf, sampleAddress, type SampleFunction } from './testing/sample-splice.ts'

const RETURN = functionOf('other', 'c3')

function edit(hex: string, offset: number, byteLength: number, put: string): SafeEdit | Unsafe {
  const image = imageOf([functionOf('one', hex), RETURN])
  const site = { start: sampleAddress(offset), byteLength }
  return judgeEdit(new FunctionSweeps(image), site, hexBytes(put))
}

function detour(
  functions: readonly SampleFunction[],
  offset: number,
  byteLength: number,
): SafeDetour | Unsafe {
  const sweeps = new FunctionSweeps(imageOf(functions))
  return judgeDetour(sweeps, { start: sampleAddress(offset), byteLength })
}

function reasonOf(judged: { readonly kind: string; readonly reason?: { kind: string } }): string {
  return judged.reason?.kind ?? judged.kind
}

describe('judgeEdit()', () => {
  it('stores from the first to the last byte that changes', () => {
    // cmp edi,0x8ff
    const safe = edit('81 ff ff 08 00 00  c3', 0, 6, '81 ff ff 0b 00 00')
    const store = { start: sampleAddress(3), byteLength: 1 }
    expect(safe).toEqual({ kind: 'safe', store, instructions: 1 })
  })

  it('allows several instructions in one aligned unit, and counts those that change', () => {
    const safe = edit('83 fe 02  83 ff 02  83 f8 02  c3', 0, 6, '83 fe 03  83 ff 03')
    expect(safe).toMatchObject({ instructions: 2, store: { byteLength: 4 } })
  })

  it('refuses bytes that begin or end inside an instruction', () => {
    const code = '83 fe 02  0f 87 00 00 00 00  c3'
    expect(edit(code, 1, 2, 'fe 03')).toEqual({
      kind: 'unsafe',
      reason: { kind: 'cuts-instruction', offset: 0 },
    })
    expect(edit(code, 3, 2, '0f 86')).toEqual({
      kind: 'unsafe',
      reason: { kind: 'cuts-instruction', offset: 3 },
    })
    expect(reasonOf(edit(code, 9, 2, '90 90'))).toBe('cuts-instruction')
  })

  it('refuses an instruction that an interrupt can stop in its middle, and no other beside it', () => {
    // rep stos; ret
    expect(reasonOf(edit('f3 48 ab  c3', 0, 3, '0f 1f 00'))).toBe('restarted-in-its-middle')
    expect(reasonOf(detour([functionOf('one', 'f3 48 ab  c3'), RETURN], 0, 3))).toBe(
      'restarted-in-its-middle',
    )
    // rep stos; cmp esi,2; ret
    expect(reasonOf(edit('f3 48 ab  83 fe 02  c3', 0, 6, 'f3 48 ab 83 fe 03'))).toBe('safe')
  })

  it('refuses instructions of other lengths, and bytes that are none', () => {
    const reason = { kind: 'other-instruction-lengths', wanted: [3] }
    expect(edit('83 fe 02  c3', 0, 3, '90 90 90')).toEqual({ kind: 'unsafe', reason })
    expect(edit('83 fe 02  c3', 0, 3, '06 06 06')).toEqual({ kind: 'unsafe', reason })
  })

  it('refuses a change that crosses a multiple of eight', () => {
    // The immediate of the last instruction lies at 7 and 8.
    const code = '90 90 90 90  66 81 fe ff 08  c3'
    const crossing = edit(code, 4, 5, '66 81 fe fe 09')
    expect(reasonOf(crossing)).toBe('crosses-aligned-unit')
    expect(reasonOf(edit(code, 4, 5, '66 81 fe ff 09'))).toBe('safe')
  })

  it('refuses a branch of the function to amid the bytes that change', () => {
    // jmp to the second cmp
    const code = '83 fe 02  83 ff 02  eb fb'
    expect(edit(code, 0, 6, '83 fe 03  83 ff 03')).toEqual({
      kind: 'unsafe',
      reason: { kind: 'branch-into-replaced', target: sampleAddress(3) },
    })
    expect(reasonOf(edit(code, 3, 3, '83 ff 03'))).toBe('safe')
  })

  it('refuses a new branch that arrives inside an instruction, here or in another function', () => {
    // je over a mov
    const code = '74 05  b8 00 00 00 00  c3'
    expect(reasonOf(edit(code, 0, 2, '74 01'))).toBe('branch-into-instruction')
    expect(reasonOf(edit(code, 0, 2, 'eb 05'))).toBe('safe')
    // The other function begins at 16, and is one byte long.
    expect(reasonOf(edit(code, 0, 2, '74 0e'))).toBe('safe')
    expect(reasonOf(edit(code, 0, 2, '74 0f'))).toBe('branch-into-instruction')
  })

  it('refuses to replace an endbr64', () => {
    const judged = edit('f3 0f 1e fa  c3', 0, 4, '0f 1f 40 00')
    expect(reasonOf(judged)).toBe('replaces-endbr64')
  })

  it('refuses a function whose instructions are not known', () => {
    const judged = edit('06 83 fe 02  c3', 1, 3, '83 fe 03')
    expect(judged).toMatchObject({ reason: { kind: 'unclean-function', function: 'one' } })
  })

  it('refuses bytes that belong to no function', () => {
    expect(reasonOf(edit('83 fe 02  c3', 8, 1, '90'))).toBe('not-in-a-function')
  })
})

describe('judgeDetour()', () => {
  const LONG_JUMP = '0f 87 00 00 00 00  c3'

  it('puts a jmp rel32 over five bytes in one aligned unit', () => {
    // As in do_dm_op: cmp, then ja at 3, whose first five bytes end with the unit.
    const judged = detour([functionOf('one', `83 fe 02  ${LONG_JUMP}`)], 3, 6)
    const store = { start: sampleAddress(3), byteLength: 5 }
    expect(judged).toEqual({ kind: 'safe', form: 'near', store })
  })

  it('puts a jmp rel8 where five bytes would cross a multiple of eight', () => {
    const functions = [functionOf('one', `83 fe 02  90  ${LONG_JUMP}`), RETURN]
    const judged = detour(functions, 4, 6)
    const store = { start: sampleAddress(4), byteLength: 2 }
    expect(judged).toMatchObject({ kind: 'safe', form: 'relay', store })
  })

  it('offers padding between functions in reach, and never bytes of a symbol', () => {
    const functions = [functionOf('one', '83 fe 02  74 fb  c3'), functionOf('two', 'c3')]
    const judged = detour(functions, 0, 3)
    const at = 'candidates' in judged ? judged.candidates.map((candidate) => candidate.at) : []
    // The gap is 6 to 15: relays can begin at 6 to 11, the nearest first.
    expect(at).toEqual([6, 7, 8, 9, 10, 11].map(sampleAddress))
  })

  it('offers no padding that the function in front may run into', () => {
    const functions = [functionOf('one', '83 fe 02  74 fb  90'), functionOf('two', 'c3')]
    expect(reasonOf(detour(functions, 0, 3))).toBe('no-relay-in-reach')
  })

  it('offers NOPs inside a function that nothing executes', () => {
    const functions = [functionOf('one', '83 fe 02  74 08  eb 06  0f 1f 44 00 00  90  c3')]
    const judged = detour(functions, 0, 3)
    const at = 'candidates' in judged ? judged.candidates.map((candidate) => candidate.at) : []
    expect(at).toEqual([7, 8].map(sampleAddress))
  })

  it('refuses more than one instruction, less than one, and an endbr64', () => {
    const functions = [functionOf('one', `f3 0f 1e fa  ${LONG_JUMP}`), RETURN]
    expect(reasonOf(detour(functions, 4, 7))).toBe('not-one-instruction')
    expect(reasonOf(detour(functions, 4, 5))).toBe('cuts-instruction')
    expect(reasonOf(detour(functions, 0, 4))).toBe('replaces-endbr64')
  })

  it('refuses an instruction of one byte', () => {
    const judged = detour([functionOf('one', '55  48 89 e5  c3'), RETURN], 0, 1)
    expect(judged).toEqual({
      kind: 'unsafe',
      reason: { kind: 'instruction-too-short', byteLength: 1 },
    })
  })

  it('refuses two bytes on both sides of a multiple of eight', () => {
    const code = '90 90 90 90 90 90 90  31 c0  c3'
    const judged = detour([functionOf('one', code), RETURN], 7, 2)
    expect(reasonOf(judged)).toBe('crosses-aligned-unit')
  })

  it('refuses a relay site that has no free bytes in reach', () => {
    const long = Array.from({ length: 200 }, () => '31 c0').join(' ')
    const judged = detour([functionOf('one', `${long} c3`), RETURN], 200, 2)
    expect(reasonOf(judged)).toBe('no-relay-in-reach')
  })
})
