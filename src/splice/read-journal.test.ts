import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLine, encodeLine } from './journal-line.ts'
import type { JournalEntry, JournalRecord } from './journal.ts'
import { readJournal } from './read-journal.ts'
import { arbitraryEntries } from './testing/arbitrary-journal.ts'

function fileOf(...entries: readonly JournalEntry[]): Uint8Array {
  return Uint8Array.from(entries.flatMap((entry) => [...encodeLine(entry, crc32)]))
}

function join(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...Buffer.from(part)]))
}

function entry(sequence: number, record?: JournalRecord): JournalEntry {
  return {
    sequence,
    bootId: 'boot-1',
    time: '2026-01-02T03:04:05.678Z',
    record: record ?? { kind: 'end', transaction: 't1', result: { kind: 'completed' } },
  }
}

/** A line with a right checksum around any body. */
function lineOf(body: string, head = 'rwj1 1 '): Uint8Array {
  const sum = crc32(Buffer.from(head + body, 'latin1'))
  return Buffer.from(`${head}${sum.toString(16).padStart(8, '0')} ${body}`, 'latin1')
}

describe('encodeLine()', () => {
  it('writes the line that docs/formats/journal.md shows', () => {
    const record = { kind: 'intent', transaction: 't1', write: 2, direction: 'put-after' } as const
    const line = Buffer.from(encodeLine(entry(42, record), crc32)).toString('latin1')
    const page = new URL('../../docs/formats/journal.md', import.meta.url)
    expect(readFileSync(page, 'utf8')).toContain(line)
  })

  it('writes one line of printable ASCII, whatever text a record holds', () => {
    fc.assert(
      fc.property(arbitraryEntries, (entries) => {
        for (const each of entries) {
          const line = encodeLine(each, crc32)
          expect(line.indexOf(0x0a)).toBe(line.length - 1)
          expect(line.subarray(0, -1).every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true)
        }
      }),
      { seed: 0x10a1, numRuns: 60 },
    )
  })
})

describe('decodeLine()', () => {
  it.each([
    ['a member too many', '{"bootId":"b","time":"2026-01-02T03:04:05Z","record":{},"x":1}'],
    ['a member too few', '{"bootId":"b","time":"2026-01-02T03:04:05Z"}'],
    ['an unknown kind', `{"bootId":"b","time":"2026-01-02T03:04:05Z","record":{"kind":"new"}}`],
    ['no JSON', '{bootId}'],
    [
      'an inherited kind',
      `{"bootId":"b","time":"2026-01-02T03:04:05Z","record":{"kind":"toString"}}`,
    ],
  ])('says which form a whole line with %s lacks', (_, body) => {
    expect(decodeLine(lineOf(body), crc32)).toMatchObject({ kind: 'unknown-form' })
  })

  it('names the place of a wrong member', () => {
    const body =
      '{"bootId":"b","time":"2026-01-02T03:04:05Z",' +
      '"record":{"kind":"intent","transaction":"t","write":-1,"direction":"put-after"}}'
    expect(decodeLine(lineOf(body), crc32)).toEqual({
      kind: 'unknown-form',
      why: 'record.write is -1, wanted a whole number from 0',
    })
  })

  it('does not take a later version for its own', () => {
    const body = '{"bootId":"b","time":"2026-01-02T03:04:05Z","record":{}}'
    expect(decodeLine(lineOf(body, 'rwj2 1 '), crc32)).toEqual({
      kind: 'unknown-form',
      why: 'the version is not rwj1',
    })
  })

  it('gives a value for any bytes, whole lines of any JSON included', () => {
    const anyLine = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((json) => lineOf(`{"bootId":"b","time":${json},"record":${json}}`)),
    )
    fc.assert(
      fc.property(anyLine, (line) => {
        expect(['damaged', 'unknown-form']).toContain(decodeLine(line, crc32).kind)
      }),
      { seed: 0x11ae, numRuns: 500 },
    )
  })
})

describe('readJournal()', () => {
  it('reads back every journal that encodeLine() wrote', () => {
    fc.assert(
      fc.property(arbitraryEntries, (entries) => {
        const read = readJournal(fileOf(...entries), crc32)
        expect(read).toEqual({ kind: 'read', entries, tail: { kind: 'clean' } })
      }),
      { seed: 0x2ead, numRuns: 100 },
    )
  })

  it('keeps every whole record of a file cut at any byte', () => {
    fc.assert(
      fc.property(arbitraryEntries, fc.nat(), (entries, cut) => {
        const file = fileOf(...entries)
        const kept = file.subarray(0, file.length === 0 ? 0 : cut % file.length)
        const read = readJournal(kept, crc32)
        const lines = kept.filter((byte) => byte === 0x0a).length
        if (read.kind === 'corrupt') throw new Error(read.why)
        // One more than there are newlines, when only the last newline is cut off.
        expect(read.entries.length - lines).toBe(read.tail.kind === 'unterminated' ? 1 : 0)
        expect(read.entries).toEqual(entries.slice(0, read.entries.length))
      }),
      { seed: 0xc07, numRuns: 300 },
    )
  })

  it('never reads a changed byte as a record', () => {
    const change = fc.tuple(arbitraryEntries, fc.nat(), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(change, ([entries, where, flip]) => {
        const file = fileOf(...entries)
        fc.pre(file.length > 0)
        const at = where % file.length
        file[at] = (file[at] ?? 0) ^ flip
        const read = readJournal(file, crc32)
        if (read.kind === 'corrupt') return
        // Only the last append can be taken for torn.
        expect(read.entries.length).toBeGreaterThanOrEqual(entries.length - 1)
        expect(read.entries).toEqual(entries.slice(0, read.entries.length))
        expect(read.tail.kind).not.toBe('clean')
      }),
      { seed: 0xf11b, numRuns: 500 },
    )
  })

  it('gives a value for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (file) => {
        expect(['read', 'corrupt']).toContain(readJournal(file, crc32).kind)
      }),
      { seed: 0xab7e, numRuns: 300 },
    )
  })

  it('takes another file for corrupt, not for a torn journal', () => {
    expect(readJournal(join('root:x:0:0\n'), crc32)).toEqual({
      kind: 'corrupt',
      line: 1,
      why: 'not a line of a journal',
    })
  })

  it('accepts a torn part that the record behind it names', () => {
    const torn = join(fileOf(entry(1)), 'rwj1 2 00')
    const from = fileOf(entry(1)).length
    const resumed = entry(2, { kind: 'resumed', tornFrom: from, tornBytes: 10 })
    const read = readJournal(join(torn, '\n', fileOf(resumed, entry(3))), crc32)
    expect(read).toEqual({
      kind: 'read',
      entries: [entry(1), resumed, entry(3)],
      tail: { kind: 'clean' },
    })
  })

  it.each([
    ['elsewhere', 1, 0],
    ['of another length', 0, 1],
  ])('refuses a torn part when the record behind it names one %s', (_, shift, less) => {
    const torn = join(fileOf(entry(1)), 'rwj1 2 00\n')
    const tornFrom = fileOf(entry(1)).length - shift
    const resumed = entry(2, { kind: 'resumed', tornFrom, tornBytes: 10 - less })
    expect(readJournal(join(torn, fileOf(resumed)), crc32)).toMatchObject({
      kind: 'corrupt',
      line: 2,
    })
  })

  it('refuses a torn part before an ordinary record', () => {
    const file = join(fileOf(entry(1)), 'rwj1 2 00\n', fileOf(entry(2)))
    expect(readJournal(file, crc32)).toMatchObject({ kind: 'corrupt', line: 2 })
  })

  it('refuses a gap, a repetition, and a name for a torn part that is not there', () => {
    const named = entry(2, { kind: 'resumed', tornFrom: 0, tornBytes: 1 })
    expect(readJournal(fileOf(entry(1), entry(3)), crc32)).toEqual({
      kind: 'corrupt',
      line: 2,
      why: 'record 3 stands where record 2 must be',
    })
    expect(readJournal(fileOf(entry(1), entry(1)), crc32)).toMatchObject({ line: 2 })
    expect(readJournal(fileOf(entry(1), named), crc32)).toMatchObject({ line: 2 })
  })
})
