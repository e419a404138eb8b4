import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TransactionRecord } from '../splice/journal.ts'
import { JOURNAL_NAME, JournalFile, JournalFileError } from './journal-file.ts'

let folder = ''
let file = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-journal-'))
  file = path.join(folder, JOURNAL_NAME)
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

const now = () => new Date('2026-01-02T03:04:05.678Z')

function intent(write: number): TransactionRecord {
  return { kind: 'intent', transaction: 't1', write, direction: 'put-after' }
}

async function append(...records: TransactionRecord[]): Promise<void> {
  const journal = JournalFile.open(folder, now)
  for (const record of records) await journal.forBoot('boot-1').append(record)
  journal.close()
}

function recordsInFile() {
  return JournalFile.open(folder).entries.map(({ record }) => record)
}

describe('JournalFile', () => {
  it('is empty, and makes no file, where there was none', () => {
    expect(JournalFile.open(folder).entries).toEqual([])
    expect(() => statSync(file)).toThrow('ENOENT')
  })

  it('makes folder and file, for their owner alone', async () => {
    folder = path.join(folder, 'var', 'lib')
    file = path.join(folder, JOURNAL_NAME)
    await append(intent(0))
    expect(recordsInFile()).toEqual([intent(0)])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    folder = path.dirname(path.dirname(folder))
  })

  it('reads back what several processes appended, in order', async () => {
    await append(intent(0), intent(1))
    await append(intent(2))
    expect(JournalFile.open(folder).entries).toEqual(
      [0, 1, 2].map((write) => ({
        sequence: write + 1,
        bootId: 'boot-1',
        time: '2026-01-02T03:04:05.678Z',
        record: intent(write),
      })),
    )
  })

  it('shows what it appended itself', async () => {
    const journal = JournalFile.open(folder, now)
    await journal.forBoot('boot-2').append(intent(7))
    expect(journal.entries).toMatchObject([{ sequence: 1, bootId: 'boot-2', record: intent(7) }])
  })

  it('goes on after a power cut at any byte of the last append, and loses nothing else', async () => {
    await append(intent(0), intent(1))
    const whole = readFileSync(file)
    const firstLine = whole.indexOf(0x0a) + 1
    for (let byteLength = firstLine; byteLength <= whole.length; byteLength += 1) {
      writeFileSync(file, whole.subarray(0, byteLength))
      const kept = recordsInFile()
      expect(kept[0]).toEqual(intent(0))
      await append(intent(9))
      const records = recordsInFile().filter((record) => record.kind !== 'resumed')
      expect(records).toEqual([...kept, intent(9)])
      expect(readFileSync(file).subarray(0, byteLength)).toEqual(whole.subarray(0, byteLength))
    }
  })

  it('goes on after a second power cut, at any byte of what followed the first', async () => {
    await append(intent(0), intent(1))
    truncateSync(file, statSync(file).size - 10)
    const torn = statSync(file).size
    await append(intent(2))
    const whole = readFileSync(file)
    for (let byteLength = torn; byteLength < whole.length; byteLength += 1) {
      writeFileSync(file, whole.subarray(0, byteLength))
      await append(intent(3))
      const records = recordsInFile()
      expect(records[0]).toEqual(intent(0))
      expect(records.at(-1)).toEqual(intent(3))
    }
  })

  it('goes on after blocks that a power cut left as zeros', async () => {
    await append(intent(0))
    appendFileSync(file, new Uint8Array(300))
    expect(JournalFile.open(folder).tail).toMatchObject({ kind: 'torn', line: 2 })
    await append(intent(1))
    expect(recordsInFile().filter((record) => record.kind !== 'resumed')).toEqual([
      intent(0),
      intent(1),
    ])
  })

  it('refuses a journal that was changed, and names the line', async () => {
    await append(intent(0), intent(1), intent(2))
    const text = readFileSync(file, 'latin1')
    writeFileSync(file, text.replace('"write":1', '"write":4'))
    expect(() => JournalFile.open(folder)).toThrow(
      `Cannot use the journal ${file}: ` +
        'The journal is corrupt at line 2: the checksum does not fit',
    )
  })

  it('refuses to append to a file that another process appended to', async () => {
    const journal = JournalFile.open(folder, now)
    await append(intent(0))
    const failure = await journal
      .forBoot('boot-1')
      .append(intent(1))
      .catch((error) => error)
    expect(failure).toBeInstanceOf(JournalFileError)
    expect(failure).toMatchObject({ fault: { cause: 'changed', wanted: 0 } })
    expect(recordsInFile()).toEqual([intent(0)])
  })

  it('appends nothing more after an append that failed', async () => {
    const journal = JournalFile.open(folder, now)
    mkdirSync(file)
    await expect(journal.forBoot('boot-1').append(intent(0))).rejects.toThrow('EISDIR')
    rmSync(file, { recursive: true })
    await expect(journal.forBoot('boot-1').append(intent(1))).rejects.toMatchObject({
      fault: { cause: 'broken' },
    })
    expect(() => statSync(file)).toThrow('ENOENT')
  })
})
