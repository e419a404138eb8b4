import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { hexBytes } from '../address/testing/hex-bytes.ts'
import { sampleImageBytes, type SampleSymbol } from '../image/testing/sample-image.ts'
import { imageSplicesCommand } from './image-splices.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-splices-'))
  writeFileSync(path.join(folder, 'xen-syms'), build())
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A build with one function for each row of the table. */
function build(): Uint8Array {
  const functions: readonly (readonly [name: string, code: string])[] = [
    ['near', 'b8 01 00 00 00 c3'],
    ['relayed', '48 89 f8 c3'],
    ['undone', '53 48 89 fb 5b c3'],
    ['further', '83 fe 02 0f 87 01 00 00 00 c3 c3'],
    ['ignores', '99 b8 01 00 00 00 c3'],
    ['stopped', 'fa 0f 1f 44 00 00 c3'],
    ['near.cold', '0f 0b'],
  ]
  const text: number[] = []
  const symbols: SampleSymbol[] = []
  for (const [name, code] of functions) {
    while (text.length % 16 !== 0) text.push(0x90)
    const bytes = hexBytes(code)
    symbols.push({ name, offset: text.length, byteLength: bytes.byteLength })
    text.push(...bytes)
  }
  return sampleImageBytes({ text: Uint8Array.from(text), symbols })
}

/** What `reweave image splices ARGUMENTS` prints for the build. */
async function run(...args: string[]): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    const base = path.join(folder, 'xen-syms')
    await imageSplicesCommand().parseAsync([base, ...args], { from: 'user' })
    return write.mock.calls.map(([chunk]) => String(chunk)).join('')
  } finally {
    write.mockRestore()
  }
}

const COUNTS = `
build-id  0123456789abcdef0123456789abcdef01234567
functions 6; each is asked for singly, so two may be given the same free bytes
left out  freed after boot: 0; parts of functions: 1

at the entry                 jmp rel32                        1   16.67 %
at the entry                 jmp rel8 to a relay              1   16.67 %
further in, nothing to undo  jmp rel32                        1   16.67 %
further in, a stub undoes    jmp rel8 to a relay              1   16.67 %
can be switched                                               4   66.67 %
cannot                                                        2   33.33 %

What ended the search:
     1  an instruction that loses a register of the call
     1  an instruction that cannot be undone

1 of these can be switched if the new code reads no argument that the old one ignores
`

const IGNORES =
  'ignores: +0x0 is too short for a jump; at +0x0 `cdq` loses what rdx held at the call'
const STOPPED = 'stopped: +0x0 is too short for a jump; at +0x0 `cli` cannot be undone'

describe('reweave image splices', () => {
  it('counts the ways, and says what ended the search for the others', async () => {
    expect(`\n${await run()}`).toBe(COUNTS)
  })

  it('names those that cannot be switched', async () => {
    expect(`\n${await run('--list', 'cannot')}`).toBe(`${COUNTS}\n${IGNORES}\n${STOPPED}\n`)
  })

  it('tells of single functions', async () => {
    expect(`\n${await run('near', 'relayed', 'undone', 'stopped')}`).toBe(`
near: jmp rel32, at the entry
  store  0xffff82d040200000 (+0x0), 5 bytes over b8 01 00 00 00

relayed: jmp rel8 to a relay, at the entry
  store  0xffff82d040200010 (+0x0), 2 bytes over 48 89
  relay  0xffff82d040200014, 5 bytes: padding behind relayed

undone: jmp rel8 to a relay, further in, a stub undoes
  store  0xffff82d040200021 (+0x1), 2 bytes over 48 89
  relay  0xffff82d040200026, 5 bytes: padding behind undone
  undo   pop rbx

${STOPPED}
`)
  })

  it('prints for programs', async () => {
    expect(JSON.parse(await run('--json'))).toMatchObject({
      functions: 6,
      switchable: 4,
      percent: 66.67,
      ways: expect.arrayContaining([
        { depth: 'further-in-undone', way: 'relay', count: 1, percent: 16.67 },
      ]) as unknown,
      ifArgumentsStay: 1,
      cannot: [
        { function: 'ignores', reason: { kind: 'loses-register', register: 'rdx' } },
        {
          function: 'stopped',
          reason: { kind: 'cannot-be-undone', offset: 0, instruction: 'cli' },
          tried: [{ offset: 0, why: 'too-short' }],
        },
      ],
      leftOut: { parts: 1, freedAfterBoot: 0 },
    })
    expect(JSON.parse(await run('--json', 'undone'))).toMatchObject({
      functions: [{ kind: 'switchable', depth: 'further-in-undone', offset: 1, undo: '5b' }],
    })
  })

  it('refuses a name that is no function of the build', async () => {
    await expect(run('nothing')).rejects.toMatchObject({ exit: 'badSymbols' })
    await expect(run('_end')).rejects.toMatchObject({ message: '_end is no function' })
  })
})
