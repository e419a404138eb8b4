import { describe, expect, it } from 'vitest'
import { compileObject, linkImage } from '../../../test/testing/compile-c.ts'
import { hexBytes } from '../../address/testing/hex-bytes.ts'
import type { Image } from '../../image/image.ts'
import { FunctionSweeps } from '../function-sweeps.ts'
import {
  functionOf,
  imageOf,
  sampleAddress,
  type SampleFunction,
} from '../testing/sample-splice.ts'
import { describeEntryFixed } from './describe-entry-fixed.ts'
import { functionsOf } from './entry-survey.ts'
import type { EntryAsk, EntryFixed, EntrySwitch } from './entry-switch.ts'
import { EntrySwitches } from './find-entry-switch.ts'

const RETURN = functionOf('other', 'c3')
const FREE: EntryAsk = { isFree: () => true }
const FULL: EntryAsk = { isFree: () => false }

/** What is found for the first function of an image. */
function find(functions: readonly SampleFunction[], ask = FREE): EntrySwitch | EntryFixed {
  return findIn(imageOf(functions), ask)
}

function findIn(image: Image, ask = FREE): EntrySwitch | EntryFixed {
  const sweeps = new FunctionSweeps(image)
  const [first] = functionsOf(sweeps)
  if (first === undefined) throw new Error('The image has no function')
  return new EntrySwitches(sweeps).find(first, ask)
}

/** What ends the search for a way in a function of this code. */
function obstacle(hex: string, ask = FULL): EntryFixed['reason'] | undefined {
  const found = find([functionOf('one', hex), RETURN], ask)
  return found.kind === 'cannot' ? found.reason : undefined
}

describe('EntrySwitches', () => {
  it('puts a jmp rel32 over an instruction of five bytes at the entry', () => {
    expect(find([functionOf('one', 'b8 01 00 00 00 c3')], FULL)).toMatchObject({
      way: 'near-jump',
      offset: 0,
      store: { start: sampleAddress(0), byteLength: 5 },
      before: hexBytes('b8 01 00 00 00'),
      stubByteLength: 0,
    })
  })

  it('leaves an endbr64 where it is', () => {
    const found = find([functionOf('one', 'f3 0f 1e fa 48 89 f8 c3'), RETURN])
    expect(found).toMatchObject({ way: 'relay', offset: 4, stubByteLength: 0 })
  })

  it('takes free bytes for a relay only where they may be taken', () => {
    const functions = [functionOf('one', '48 89 f8 c3'), RETURN]
    const near = find(functions)
    expect(near).toMatchObject({ way: 'relay', relays: [{ at: sampleAddress(4) }] })
    const isFree: EntryAsk['isFree'] = ({ start }) => start >= sampleAddress(9)
    expect(find(functions, { isFree })).toMatchObject({ relays: [{ at: sampleAddress(9) }] })
    expect(find(functions, FULL)).toMatchObject({ kind: 'cannot' })
  })

  it('goes over two free bytes to five that are further away', () => {
    // mov rax,rdi; 120 bytes of reads through it; jmp over two bytes; as many again; ret
    const movs = '48 8b 07 '.repeat(40)
    const code = `48 89 f8 ${movs} eb 02 66 90 ${movs} c3`
    const found = find([functionOf('one', code), RETURN])
    expect(found).toMatchObject({
      way: 'relay-chain',
      offset: 0,
      relays: [
        { at: sampleAddress(125), before: hexBytes('66 90') },
        { place: 'padding behind one' },
      ],
    })
  })

  it('undoes what runs in front of the jump', () => {
    // push rbx; push rbp; mov rbx,rdi; mov eax,1 at 5, whose five bytes cross a multiple of 8; ...
    const found = find([functionOf('one', '53 55 48 89 fb 90 90 90 b8 01 00 00 00 5d 5b c3')], FULL)
    expect(found).toMatchObject({
      way: 'near-jump',
      offset: 8,
      undo: hexBytes('5d 5b'),
      stubByteLength: 7,
    })
  })

  it('needs no stub where nothing has to be undone', () => {
    // cmp esi,2; ja; as do_dm_op begins
    const found = find([functionOf('one', '83 fe 02 0f 87 01 00 00 00 c3 c3')], FULL)
    expect(found).toMatchObject({ way: 'near-jump', offset: 3, stubByteLength: 0 })
  })

  it('refuses a function that jumps back to its entry', () => {
    expect(obstacle('b8 01 00 00 00 85 ff 75 f7 c3')).toEqual({ kind: 'loops-to-entry' })
    const part = { ...functionOf('one.cold', 'eb ee'), file: 'a.c' }
    const found = find([functionOf('one', 'b8 01 00 00 00 c3'), part])
    expect(found).toMatchObject({ reason: { kind: 'loops-to-entry' } })
  })

  it('lets a function call itself', () => {
    const found = find([functionOf('one', 'b8 01 00 00 00 e8 f6 ff ff ff c3')])
    expect(found).toMatchObject({ way: 'near-jump', offset: 0 })
  })

  it('refuses to look past what is entered other than from its entry', () => {
    // push rbx; mov eax,1; jmp back to the mov
    const inside = find([functionOf('one', '53 55 57 b8 01 00 00 00 eb f9')], FULL)
    expect(inside).toMatchObject({ reason: { kind: 'entered-behind-entry' } })
    // another function jumps to behind the push
    const other = functionOf('other', 'eb ef')
    expect(find([functionOf('one', '53 55 57 b8 01 00 00 00 c3'), other], FULL)).toMatchObject({
      reason: { kind: 'entered-behind-entry', target: sampleAddress(1) },
    })
    // eight bytes of another function that hold the address of the mov
    const pointer = functionOf('other', '48 b8 03 00 20 40 d0 82 ff ff c3')
    expect(find([functionOf('one', '53 55 57 b8 01 00 00 00 c3'), pointer], FULL)).toMatchObject({
      reason: { kind: 'entered-behind-entry', target: sampleAddress(3) },
    })
  })

  it('refuses a function with an indirect jump, which may lead anywhere into it', () => {
    expect(obstacle('b8 01 00 00 00 ff e0')).toEqual({ kind: 'jumps-indirectly', offset: 5 })
  })

  it.each([
    ['53 ff 17 b8 01 00 00 00 c3', 'call', 1],
    ['53 48 8b 07 b8 01 00 00 00 c3', 'a read through an argument', 1],
    ['48 89 07 b8 01 00 00 00 c3', 'a write', 0],
    ['fa b8 01 00 00 00 c3', 'cli', 0],
    ['74 05 b8 01 00 00 00 c3', 'je', 0],
    ['48 89 04 24 b8 01 00 00 00 c3', 'a write over the return address', 0],
  ])('does not look past %s (%s)', (hex, _, offset) => {
    expect(obstacle(hex)).toMatchObject({ kind: 'cannot-be-undone', offset })
  })

  it('refuses to lose an argument, unless the new code does not read it', () => {
    // xor edx,edx; mov eax,1
    const code = [functionOf('one', '31 d2 b8 01 00 00 00 c3')]
    expect(find(code, FULL)).toMatchObject({ reason: { kind: 'loses-register', register: 'rdx' } })
    const unread = new Set(['rdx'] as const)
    expect(find(code, { ...FULL, unread })).toMatchObject({ offset: 2, stubByteLength: 0 })
  })

  it('refuses an instruction that an interrupt can stop in its middle', () => {
    const found = find([functionOf('one', 'f3 aa c3'), RETURN])
    expect(found).toMatchObject({ tried: [{ offset: 0, why: 'restarted-in-its-middle' }] })
  })

  it('refuses parts of functions, functions without a size, and what is not in .text', () => {
    const part = find([functionOf('one.cold', 'b8 01 00 00 00 c3')])
    expect(part).toMatchObject({ reason: { kind: 'part-of-a-function', whole: 'one' } })
    const image = imageOf([functionOf('one', 'c3')])
    const switches = new EntrySwitches(new FunctionSweeps(image))
    const symbol = { name: 'x', file: undefined, kind: 'function', binding: 'global' } as const
    const sizeless = { ...symbol, address: sampleAddress(0), byteLength: 0 }
    expect(switches.find(sizeless, FREE)).toMatchObject({ reason: { kind: 'no-size' } })
    const elsewhere = { ...symbol, address: sampleAddress(0x1000), byteLength: 8 }
    expect(switches.find(elsewhere, FREE)).toMatchObject({
      reason: { kind: 'outside-text', section: '.rodata' },
    })
  })

  it('refuses a function whose instructions are not known', () => {
    expect(obstacle('06 c3')).toEqual({ kind: 'unclean', offset: 0, reason: 'undecodable' })
  })

  it('keeps off what boot replaces', () => {
    const image = withTables(`asm (".pushsection .altinstr_replacement, \\"ax\\"\\n1: lfence\\n"
      ".popsection\\n.pushsection .altinstructions, \\"a\\"\\n"
      ".long first - ., 1b - .\\n.word 0\\n.byte 5, 3, 0, 0\\n.popsection");`)
    expect(findIn(image)).toMatchObject({ reason: { kind: 'alternative', offset: 0 } })
  })

  it('keeps off an instruction that the exception table names', () => {
    const image = withTables(`asm (".pushsection .ex_table, \\"a\\"\\n"
      ".long first - ., first + 5 - .\\n.popsection");`)
    expect(findIn(image)).toMatchObject({ tried: [{ offset: 0, why: 'exception-table' }] })
  })

  it('keeps off a warning, which Xen reads again after the trap, and not off a bug', () => {
    const frame = (kind: number): string => `asm (".pushsection .text, \\"ax\\"\\n"
      ".globl one\\n.type one, @function\\none: ud2\\n ret\\n nop\\n nop\\n nop\\n nop\\n nop\\n"
      ".size one, 3\\n.popsection\\n"
      ".pushsection .bug_frames.${kind}, \\"a\\"\\n.long one - ., 0\\n.popsection");\n`
    const found = (kind: number): unknown =>
      findIn(linkImage([compileObject('trap.c', frame(kind))]))
    expect(found(1)).toMatchObject({ tried: [{ offset: 0, why: 'bug-frame' }] })
    expect(found(2)).toMatchObject({ way: 'relay', offset: 0 })
  })

  it('counts initialisation code apart', () => {
    const source = '__attribute__((section(".init.text"))) int early(void) { return 1; }'
    const image = linkImage([compileObject('early.c', `int late(void) { return 1; }\n${source}`)])
    const sweeps = new FunctionSweeps(image)
    const early = functionsOf(sweeps).find(({ name }) => name === 'early')
    const found = early && new EntrySwitches(sweeps).find(early, FREE)
    expect(found).toMatchObject({ reason: { kind: 'freed-after-boot', section: '.init.text' } })
  })
})

describe('describeEntryFixed()', () => {
  it('names what was tried and what ended the search', () => {
    const found = find([functionOf('one', '53 48 89 fb 48 8b 07 5b c3')], FULL)
    expect(found.kind === 'cannot' && describeEntryFixed(found)).toBe(
      '+0x0 is too short for a jump; no free bytes for a relay are in reach of +0x1, +0x4; ' +
        'at +0x4 `mov rax, [rdi]` cannot be undone',
    )
  })
})

/** An image whose first function is `mov $1,%eax; ret`, with tables. */
function withTables(tables: string): Image {
  const code = `asm (".pushsection .text, \\"ax\\"\\n.globl first\\n.type first, @function\\n"
    "first: mov $1, %eax\\n ret\\n.size first, . - first\\n.popsection");\n`
  return linkImage([compileObject('tables.c', `${code}${tables}\n`)])
}
