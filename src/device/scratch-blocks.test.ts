import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScratchBlocks } from './scratch-blocks.ts'

const MODULE = path.join(import.meta.dirname, 'scratch-blocks.ts')
const BLOCKS = new Uint8Array(4096).fill(7)

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-scratch-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('ScratchBlocks', () => {
  it('keeps what a medium held until it is put back', () => {
    const scratch = new ScratchBlocks(folder)
    expect(scratch.saved('A 1')).toBeUndefined()
    scratch.save('A 1', BLOCKS)
    expect(new ScratchBlocks(folder).saved('A 1')).toEqual(BLOCKS)
    scratch.clear('A 1')
    expect(scratch.saved('A 1')).toBeUndefined()
  })

  it('keeps all of it, or throws where there is no room', () => {
    const program = `
      import { ScratchBlocks } from '${MODULE}'
      new ScratchBlocks(process.argv[1]).save('A', new Uint8Array(4096))
    `
    // A file may not grow over one kilobyte: the first write comes out short, as on a full disk.
    const shell = 'trap "" XFSZ; ulimit -f 2; exec "$@"'
    const node = [process.execPath, '--input-type=module', '--eval', program, folder]
    const { status, stderr } = spawnSync('sh', ['-c', shell, 'sh', ...node], { encoding: 'utf8' })
    expect(stderr).toContain('EFBIG')
    expect(status).toBe(1)
    expect(new ScratchBlocks(folder).saved('A')).toBeUndefined()
  })
})
