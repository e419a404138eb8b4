import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Patch, Piece } from '../diff/patch.ts'
import { FILE_HEADER, R_X86_64, SHF } from '../elf/definitions.ts'
import { readElf } from '../elf/read.ts'
import { readStruct, viewOf } from '../elf/struct-layout.ts'
import { sampleImage } from '../image/testing/sample-image.ts'
import type { Payload } from './payload.ts'
import { describePayloadRefusal } from './payload-refusal.ts'
import { readPayload } from './read-payload.ts'
import { emitted, readWell, smallPayloadBytes } from './testing/sample-payload.ts'

/** What a payload says, without the code behind it. */
function told(payload: Payload): unknown {
  const { version, buildId, xenBuildId, dependsOn, functions, hooks } = payload
  return { version, buildId, xenBuildId, dependsOn, functions, hooks }
}

function isEqual(a: unknown, b: unknown): boolean {
  const plain = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
  return plain(a) === plain(b)
}

describe('readPayload()', () => {
  it('refuses the file cut anywhere', () => {
    const whole = smallPayloadBytes()
    for (let byteLength = 0; byteLength < whole.length; byteLength += 1) {
      expect(readPayload(whole.subarray(0, byteLength))).toMatchObject({
        refusal: { kind: 'not-readable' },
      })
    }
  })

  it('refuses a flipped bit of any header, or reads the same functions and identities', () => {
    const whole = smallPayloadBytes()
    const { e_shoff } = readStruct(viewOf(whole), 0, FILE_HEADER)
    const wanted = told(readWell(whole))
    let refused = 0
    const altered: number[] = []
    for (const [from, to] of [
      [0, FILE_HEADER.byteLength],
      [Number(e_shoff), whole.length],
    ] as const) {
      for (let bit = from * 8; bit < to * 8; bit += 1) {
        const spoilt = whole.slice()
        spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const result = readPayload(spoilt)
        if (result.kind === 'refused') refused += 1
        else if (!isEqual(told(result.payload), wanted)) altered.push(bit)
      }
    }
    expect(altered).toEqual([])
    expect(refused).toBeGreaterThan(1000)
  })

  it('reads two functions or says why not, whatever bytes are changed', () => {
    const whole = smallPayloadBytes()
    const change = fc.record({
      at: fc.nat({ max: whole.length - 1 }),
      value: fc.nat({ max: 255 }),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const spoilt = whole.slice()
        for (const { at, value } of changes) spoilt[at] = value
        const result = readPayload(spoilt)
        const answer =
          result.kind === 'read'
            ? result.payload.functions.length
            : describePayloadRefusal(result.refusal)
        expect(answer === 2 || typeof answer === 'string').toBe(true)
      }),
      { seed: 3, numRuns: 2000 },
    )
  })
})

describe('emitLivepatch() and readPayload()', () => {
  const func = fc.record({
    gap: fc.nat({ max: 40 }),
    oldByteLength: fc.integer({ min: 9, max: 80 }),
    code: fc.uint8Array({ minLength: 5, maxLength: 60 }),
    file: fc.constantFrom(undefined, 'common/a.c', 'arch/x86/b.c'),
    section: fc.constantFrom('.text', '.text.unlikely', 'own'),
    callee: fc.nat(),
  })

  it('agree on any functions, and on the code that they lead to', () => {
    fc.assert(
      fc.property(
        fc.array(func, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(1, 2),
        (funcs, version) => {
          let end = 0
          const symbols = funcs.map(({ gap, oldByteLength, file }, index) => {
            const offset = end + gap
            end = offset + oldByteLength
            const name = `f${index}`
            return file === undefined
              ? { name, offset, byteLength: oldByteLength }
              : { name, offset, byteLength: oldByteLength, file }
          })
          const text = Uint8Array.from({ length: end + 1 }, (_, at) => (at * 7) & 0xff)
          const image = sampleImage({ text, symbols })
          const ids = funcs.map((_, index) => `a.o:${index}`)
          const pieces = funcs.map(({ code, section, callee }, index): Piece => ({
            id: ids[index] as string,
            object: 'a.o',
            section: section === 'own' ? `.text.f${index}` : section,
            flags: SHF.ALLOC | SHF.EXECINSTR,
            entryBytes: 0,
            alignment: 1 << (index % 6),
            content: code,
            relocations: [
              {
                at: 1,
                type: R_X86_64.PC32,
                target: { kind: 'piece', piece: ids[callee % ids.length] as string, offset: 2 },
                addend: -4n,
              },
            ],
          }))
          const patch: Patch = {
            pieces,
            symbols: [],
            replacements: funcs.map(({ oldByteLength, file, code }, index) => ({
              symbol: { name: `f${index}`, file },
              piece: ids[index] as string,
              oldByteLength,
              newByteLength: code.length,
            })),
          }
          const payload = readWell(emitted(patch, image, version))
          expect(payload.functions).toHaveLength(funcs.length)
          for (const [index, { name, oldAddress, code, ...rest }] of payload.functions.entries()) {
            const { file, oldByteLength, code: wanted } = funcs[index] as (typeof funcs)[0]
            expect(name).toBe(file === undefined ? `f${index}` : `${file}#f${index}`)
            expect(oldAddress).toBe(
              image.symbols.find((each) => each.name === `f${index}`)?.address,
            )
            const section = payload.elf.sections[code?.section ?? 0]
            const from = code?.offset ?? 0
            expect(section?.bytes?.subarray(from, from + wanted.length)).toEqual(wanted)
            const offset = symbols[index]?.offset ?? 0
            expect(rest).toEqual({
              oldByteLength,
              newByteLength: wanted.length,
              expected:
                version === 1
                  ? undefined
                  : text.subarray(offset, offset + Math.min(oldByteLength, 31)),
            })
          }
          expect(readElf(emitted(patch, image)).kind).toBe('read')
        },
      ),
      { seed: 506, numRuns: 150 },
    )
  })
})
