import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sampleImageBytes } from '../image/testing/sample-image.ts'
import { imageCommand } from './image-show.ts'
import { readImageFile } from './read-image-file.ts'

let folder = ''
const file = (name: string) => path.join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-image-'))
  const symbols = [{ name: 'do_one', offset: 0, byteLength: 16 }]
  const bytes = sampleImageBytes({ text: new Uint8Array(16).fill(0xc3), symbols })
  writeFileSync(file('xen-syms'), bytes)
  writeFileSync(file('short'), bytes.subarray(0, 200))
  writeFileSync(file('xen.gz'), Uint8Array.of(0x1f, 0x8b, 8, 0))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** What `reweave image ARGUMENTS` prints. */
async function run(...args: string[]): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await imageCommand().parseAsync(args, { from: 'user' })
    return write.mock.calls.map(([chunk]) => String(chunk)).join('')
  } finally {
    write.mockRestore()
  }
}

describe('reweave image show', () => {
  it('prints an image for people', async () => {
    const printed = await run('show', file('xen-syms'))
    expect(printed).toContain('build-id  0123456789abcdef0123456789abcdef01234567\n')
    expect(printed).toContain('symbols   3, 1 of them functions\n')
  })

  it('prints an image for programs', async () => {
    const printed = await run('show', file('xen-syms'), '--json')
    expect(JSON.parse(printed)).toMatchObject({ image: { start: '0xffff82d040200000' } })
  })

  it('prints one symbol', async () => {
    const printed = await run('show', file('xen-syms'), '--symbol', 'do_one', '--json')
    expect(JSON.parse(printed)).toMatchObject({ name: 'do_one', byteLength: 16 })
  })

  it('shows in its help how it is used', () => {
    const show = imageCommand().commands[0]
    let help = ''
    show?.configureOutput({ writeOut: (text) => (help += text) })
    show?.outputHelp()
    expect(help).toContain('Usage: image show [options] <file>')
    expect(help).toContain('$ reweave image show xen-syms --symbol do_dm_op')
  })
})

describe('readImageFile()', () => {
  it.each([
    ['missing', /^Cannot open .*missing: ENOENT: no such file or directory$/],
    ['', /^Cannot (?:open|read) .*(?:no regular file|EISDIR)/],
    ['short', /short: Cannot read the ELF file: .* wanted /],
    ['xen.gz', /xen\.gz: Cannot read the image: this is the gzip file that boots/],
  ])('fails for the file "%s" with the exit for bad symbols', async (name, message) => {
    await expect(readImageFile(file(name))).rejects.toMatchObject({
      exit: 'badSymbols',
      message: expect.stringMatching(message) as string,
    })
  })
})
