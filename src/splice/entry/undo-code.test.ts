import { describe, expect, it } from 'vitest'
import { virtualAddress } from '../../address/address.ts'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import { decode } from '../../x86/decode.ts'
import { disassemble } from '../../x86/disassemble.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'
import { readEffect } from '../../x86/read-effect.ts'
import { afterEffect, AT_CALL, type CallState } from './call-state.ts'
import { undoCode } from './undo-code.ts'

const AT = virtualAddress(0x1000n)

/** The state behind the instructions. */
function behind(hex: string): CallState {
  const code = hexBytes(hex)
  let state: CallState | undefined = AT_CALL
  for (const { offset, byteLength } of decode(code, AT).instructions) {
    const effect = readEffect(code.subarray(offset, offset + byteLength), AT)
    state = state && afterEffect(state, effect)
  }
  if (state === undefined) throw new Error(`${hex} cannot be undone`)
  return state
}

function undone(hex: string, unread: readonly GeneralRegister[] = []): string {
  const code = undoCode(behind(hex), new Set(unread))
  return code.kind === 'lost'
    ? `lost ${code.register}`
    : disassemble(code.bytes, AT)
        .map(({ text }) => text)
        .join('; ')
}

describe('undoCode()', () => {
  it.each([
    ['55 53', 'push rbp; push rbx', 'pop rbx; pop rbp'],
    ['41 57 49 89 ff 53', 'push r15; mov r15,rdi; push rbx', 'pop rbx; pop r15'],
    ['55 48 89 e5 53', 'push rbp; mov rbp,rsp; push rbx', 'pop rbx; pop rbp'],
    ['53 48 83 ec 20', 'push rbx; sub rsp,0x20', 'lea rsp, [rsp+0x20]; pop rbx'],
    ['83 fe 02', 'cmp esi,2', ''],
    ['31 c0', 'xor eax,eax', ''],
    ['6a 00', 'push 0', 'lea rsp, [rsp+0x8]'],
  ])('undoes %s (%s)', (hex, _, undo) => {
    expect(undone(hex)).toBe(undo)
  })

  it('brings an argument back from where the function put it', () => {
    // push rbx; mov rbx,rdi; mov edi,1
    expect(undone('53 48 89 fb bf 01 00 00 00')).toBe('mov rdi, rbx; pop rbx')
    // lea rdi,[rdi+0x10]
    expect(undone('48 8d 7f 10')).toBe('lea rdi, [rdi-0x10]')
    // sub rsp,8; mov [rsp],rdi; xor edi,edi
    expect(undone('48 83 ec 08 48 89 3c 24 31 ff')).toBe('pop rdi')
    // push rbx; mov rbx,rsi; mov rsi,rdi; mov rdi,rbx: two arguments swapped
    expect(undone('53 48 89 f3 48 89 fe 48 89 df')).toBe('mov rdi, rsi; mov rsi, rbx; pop rbx')
  })

  it('brings r10 back where the old function kept a copy of it', () => {
    // push rbx; mov rbx,r10; xor r10d,r10d
    expect(undone('53 4c 89 d3 45 31 d2')).toBe('mov r10, rbx; pop rbx')
    // mov r11,r10; xor r10d,r10d
    expect(undone('4d 89 d3 45 31 d2')).toBe('mov r10, r11')
  })

  it('says which register is lost', () => {
    expect(undone('31 ff')).toBe('lost rdi')
    expect(undone('89 ff')).toBe('lost rdi')
    expect(undone('31 db')).toBe('lost rbx')
  })

  it('gives up a register that the new code does not read', () => {
    expect(undone('31 d2', ['rdx'])).toBe('')
  })

  it('brings a scratch register back once the function has looked at it', () => {
    // test al,al; xor eax,eax: as variadic functions do with vector registers
    expect(undone('84 c0 31 c0')).toBe('lost rax')
    // mov r11,rax; test al,al; xor eax,eax
    expect(undone('49 89 c3 84 c0 31 c0')).toBe('mov rax, r11')
  })
})
