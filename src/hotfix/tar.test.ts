import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readArchive, writeArchive } from './tar.ts'

const member = fc.record({
  name: fc.stringMatching(/^[a-zA-Z0-9._-]{1,99}$/),
  bytes: fc.uint8Array({ maxLength: 1100 }),
})

describe('writeArchive() and readArchive()', () => {
  it('give back the members that were written', () => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 4 }), (members) => {
        expect(readArchive(writeArchive(members))).toEqual({ kind: 'read', members })
      }),
      { seed: 20261122 },
    )
  })

  it('make what tar lists and unpacks, without a word of complaint', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'reweave-tar-'))
    try {
      const bytes = Uint8Array.from({ length: 700 }, (_, index) => index)
      const file = path.join(folder, 'a.tar')
      const members = [
        { name: 'first.json', bytes },
        { name: 'empty', bytes: new Uint8Array(0) },
      ]
      writeFileSync(file, writeArchive(members))
      const listed = execFileSync('tar', ['--utc', '-tvf', file], { encoding: 'utf8' })
      expect(listed.replaceAll(/ +/g, ' ')).toBe(
        '-rw-r--r-- 0/0 700 1970-01-01 00:00 first.json\n-rw-r--r-- 0/0 0 1970-01-01 00:00 empty\n',
      )
      execFileSync('tar', ['-xf', file, '-C', folder, '--no-same-owner'])
      expect([...readFileSync(path.join(folder, 'first.json'))]).toEqual([...bytes])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('writeArchive()', () => {
  it.each(['', 'folder/name', 'n'.repeat(100), 'a b', 'é'])(
    "takes no member that is called '%s'",
    (name) => {
      expect(() => writeArchive([{ name, bytes: new Uint8Array(1) }])).toThrow(RangeError)
    },
  )
})

describe('readArchive()', () => {
  it('says of any beginning of an archive that it is cut, and how much it misses', () => {
    const members = [{ name: 'one', bytes: new Uint8Array(600).fill(7) }]
    const whole = writeArchive(members)
    for (let length = 1; length < whole.length; length += 1) {
      const read = readArchive(whole.subarray(0, length))
      expect(read).toMatchObject({ kind: 'cut' })
      expect(read.kind === 'cut' && read.wanted).toBeGreaterThan(length)
    }
  })

  it('refuses a change of any byte that no member holds', () => {
    const whole = writeArchive([{ name: 'one', bytes: new Uint8Array(10).fill(7) }])
    for (let at = 0; at < whole.length; at += 1) {
      if (at >= 512 && at < 522) continue
      const changed = whole.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x10
      expect(['altered', 'cut', 'no-archive']).toContain(readArchive(changed).kind)
    }
  })

  it('refuses an archive of the same files by another owner', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'reweave-tar-'))
    try {
      writeFileSync(path.join(folder, 'one'), 'x')
      const args = ['-C', folder, '--format=ustar', '--owner=7', '-b', '1', '-cf', '-', 'one']
      expect(readArchive(execFileSync('tar', args))).toEqual({
        kind: 'altered',
        part: 'the first header',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
