import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CpioEntry, writeCpio } from './cpio-archive.ts'

interface Unpacked {
  readonly name: string
  readonly mode: number
  readonly data: Uint8Array
}

/** Reads an archive as Linux does: header by header, each field where the format puts it. */
function readCpio(archive: Uint8Array): Unpacked[] {
  const text = (from: number, to: number): string => {
    return new TextDecoder().decode(archive.subarray(from, to))
  }
  const aligned = (at: number): number => Math.ceil(at / 4) * 4
  const found: Unpacked[] = []
  let at = 0
  for (;;) {
    expect(text(at, at + 6)).toBe('070701')
    const field = (index: number): number => {
      return Number.parseInt(text(at + 6 + 8 * index, at + 14 + 8 * index), 16)
    }
    const [mode, dataBytes, nameBytes] = [field(1), field(6), field(11)]
    const name = text(at + 110, at + 110 + nameBytes - 1)
    if (name === 'TRAILER!!!') return found
    const start = aligned(at + 110 + nameBytes)
    found.push({ name, mode, data: archive.slice(start, start + dataBytes) })
    at = aligned(start + dataBytes)
  }
}

const file = (path: string, bytes: Uint8Array, executable = false): CpioEntry => {
  return { kind: 'file', path, bytes, executable }
}

describe('writeCpio()', () => {
  it('writes directories, files and links with their modes', () => {
    const entries: CpioEntry[] = [
      { kind: 'directory', path: 'bin' },
      file('bin/a', new Uint8Array([1, 2, 3]), true),
      file('b', new Uint8Array()),
      { kind: 'link', path: 'c', target: 'bin/a' },
    ]
    const found = readCpio(writeCpio(entries))
    expect(found.map((entry) => [entry.name, entry.mode.toString(8)])).toEqual([
      ['bin', '40755'],
      ['bin/a', '100755'],
      ['b', '100644'],
      ['c', '120777'],
    ])
    expect(found[1]?.data).toEqual(new Uint8Array([1, 2, 3]))
    expect(new TextDecoder().decode(found[3]?.data)).toBe('bin/a')
  })

  it('keeps names and bytes of any length, and ends on a multiple of four', () => {
    const entry = fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), fc.uint8Array({ maxLength: 40 }))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const archive = writeCpio(entries.map(([name, bytes]) => file(name, bytes)))
        expect(archive.length % 4).toBe(0)
        const found = readCpio(archive).map(({ name, data }) => [name, Array.from(data)])
        expect(found).toEqual(entries.map(([name, bytes]) => [name, Array.from(bytes)]))
      }),
      { seed: 110, numRuns: 200 },
    )
  })

  it('gives equal bytes for equal entries', () => {
    const make = (): Uint8Array => writeCpio([file('a', new Uint8Array([7]))])
    expect(make()).toEqual(make())
  })
})
