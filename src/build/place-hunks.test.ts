import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsePatch, splitLines } from './parse-patch.ts'
import { changesIn, placeHunks, type TracedLine } from './place-hunks.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-patch-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function traced(text: string): TracedLine[] {
  return splitLines(text).map((line, index) => ({ text: line, oldLine: index + 1 }))
}

function place(text: string, patch: string): ReturnType<typeof placeHunks> {
  const parsed = parsePatch(patch)
  if (parsed.kind !== 'parsed') throw new Error(JSON.stringify(parsed))
  return placeHunks(traced(text), parsed.files[0]?.hunks ?? [])
}

/** What GNU patch makes of the text with fuzz 0, or undefined where it does not apply. */
function byPatch(text: string, patch: string): string | undefined {
  const file = path.join(directory, 'file')
  writeFileSync(file, text)
  const args = ['--fuzz=0', '--force', '--quiet', '--no-backup-if-mismatch', '-r', '-', file]
  const { status } = spawnSync('patch', args, { input: patch })
  return status === 0 ? readFileSync(file, 'utf8') : undefined
}

function diff(old: string, now: string, context: number): string {
  writeFileSync(path.join(directory, 'old'), old)
  writeFileSync(path.join(directory, 'new'), now)
  const { stdout } = spawnSync('diff', [`-U${context}`, 'old', 'new'], { cwd: directory })
  return stdout.toString()
}

const SEVEN = 'a\nb\nc\nd\ne\nf\ng\n'

describe('placeHunks()', () => {
  it('finds a hunk some lines off, and says where', () => {
    const patch = diff(SEVEN, SEVEN.replace('d\n', 'D\n'), 2)
    const { placed, failed, lines } = place(`x\ny\n${SEVEN}`, patch)
    expect(failed).toEqual([])
    expect(placed).toEqual([{ number: 1, wantedLine: 2, foundLine: 4 }])
    expect(changesIn(lines, 9)).toEqual([{ oldLine: 6, oldCount: 1, newLine: 6, newCount: 1 }])
  })

  it('says which line is not there, and with which fuzz the hunk would fit', () => {
    const patch = diff(SEVEN, SEVEN.replace('d\n', 'D\n'), 2)
    const { failed } = place(SEVEN.replace('b\n', 'other\n'), patch)
    expect(failed).toEqual([{ number: 1, wantedLine: 2, wanted: 'b', found: 'other', fuzz: 1 }])
    expect(place(SEVEN.replace('d\n', 'other\n'), patch).failed[0]?.fuzz).toBeUndefined()
  })

  it('keeps whether the last line has a newline', () => {
    const patch = diff('a\nb', 'a\nB\nc', 3)
    const { lines } = place('a\nb', patch)
    expect(lines.map((line) => line.text)).toEqual(['a\n', 'B\n', 'c'])
    expect(place('a\nb\n', patch).failed).toHaveLength(1)
  })

  it('gives what GNU patch gives with fuzz 0, on this file and on others like it', () => {
    expect(execFileSync('patch', ['--version'], { encoding: 'utf8' })).toContain('GNU patch')
    // Few different lines, so that hunks fit at several places.
    const text = fc
      .array(fc.constantFrom('a\n', 'b\n', '}\n'), { maxLength: 14 })
      .map((lines) => lines.join(''))
    const inputs = fc.record({ old: text, now: text, lead: text, context: fc.nat({ max: 3 }) })
    fc.assert(
      fc.property(inputs, ({ old, now, lead, context }) => {
        fc.pre(old !== now && old !== '' && now !== '')
        const patch = diff(old, now, context)
        // What only adds, without context, is taken by GNU patch alone: nothing tells where.
        fc.pre(!/^@@ -\d+,0 /m.test(patch))
        for (const target of [old, lead + old, old + lead].filter((one) => one !== '')) {
          const { lines, failed } = place(target, patch)
          const mine = failed.length === 0 ? lines.map((line) => line.text).join('') : undefined
          expect([target, mine]).toEqual([target, byPatch(target, patch)])
        }
      }),
      { seed: 417, numRuns: 60 },
    )
  })
})

describe('changesIn()', () => {
  it('lists runs that turn the old file into the new one', () => {
    const line = fc.constantFrom('a\n', 'b\n', 'c\n')
    const text = fc.array(line, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(text, text, (old, now) => {
        fc.pre(old.join('') !== now.join(''))
        const { lines } = place(old.join(''), diff(old.join(''), now.join(''), 3))
        const rebuilt = [...old]
        for (const one of changesIn(lines, old.length).toReversed()) {
          const put = now.slice(one.newLine - 1, one.newLine - 1 + one.newCount)
          rebuilt.splice(one.oldLine - 1, one.oldCount, ...put)
        }
        expect(rebuilt).toEqual(now)
      }),
      { seed: 418, numRuns: 60 },
    )
  })
})
