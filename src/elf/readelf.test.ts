import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ElfFile } from './elf-file.ts'
import { readElf } from './read.ts'
import { listElf, listReadelf } from './testing/readelf-text.ts'
import { SAMPLE_OBJECT } from './testing/sample-object.ts'
import { writeElf } from './write.ts'

function committed(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`testing/${name}`, import.meta.url)))
}

function committedText(name: string): string {
  return readFileSync(new URL(`testing/${name}`, import.meta.url), 'utf8')
}

function readWell(bytes: Uint8Array): ElfFile {
  const result = readElf(bytes)
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.refusal.wanted))
  return result.elf
}

/** What this machine's readelf says, or undefined where binutils are not installed. */
function liveReadelf(bytes: Uint8Array): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'reweave-elf-'))
  try {
    const file = path.join(folder, 'object.o')
    writeFileSync(file, bytes)
    const env = { ...process.env, LC_ALL: 'C' }
    return execFileSync('readelf', ['-SsrW', file], { encoding: 'utf8', env, stdio: 'pipe' })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('readElf() beside GNU readelf', () => {
  it('reads an object that GCC made as readelf does', () => {
    const wanted = listReadelf(committedText('compiled-object.readelf.txt'))
    expect(wanted.sections).toHaveLength(13)
    expect(wanted.symbols).toHaveLength(11)
    expect(wanted.relocations).toHaveLength(5)
    expect(listElf(readWell(committed('compiled-object.o')))).toEqual(wanted)
  })

  it('reads an object that writeElf() made as readelf does', () => {
    const wanted = listReadelf(committedText('sample-object.readelf.txt'))
    const bytes = writeElf(SAMPLE_OBJECT)
    expect(wanted.sections).toHaveLength(10)
    expect(wanted.symbols).toHaveLength(7)
    expect(wanted.relocations).toHaveLength(3)
    expect(listElf(readWell(bytes))).toEqual(wanted)
    // The committed text stands in for readelf on machines without binutils. Where it is
    // installed, the text has to be what it says of these very bytes.
    expect(listReadelf(liveReadelf(bytes) ?? committedText('sample-object.readelf.txt'))).toEqual(
      wanted,
    )
  })
})
