import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withWorkDirectory } from './work-directory.ts'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(path.join(os.tmpdir(), 'reweave-work-'))
})
afterEach(() => rmSync(cache, { recursive: true }))

const WORK_DIRECTORY = path.resolve(import.meta.dirname, 'work-directory.ts')

/** Above what Linux gives to any process. */
const NOBODY = 2 ** 22 + 1

function leave(name: string, hoursAgo: number): void {
  mkdirSync(path.join(cache, name))
  const date = new Date(Date.now() - hoursAgo * 3_600_000)
  utimesSync(path.join(cache, name), date, date)
}

describe('withWorkDirectory()', () => {
  it('removes its directory, also after a failure', async () => {
    const failed = withWorkDirectory(cache, (directory) => {
      expect(readdirSync(cache)).toEqual([path.basename(directory)])
      return Promise.reject(new Error('no'))
    })
    await expect(failed).rejects.toThrow('no')
    expect(readdirSync(cache)).toEqual([])
  })

  it('removes its directory where an interrupt ends the process', async () => {
    const program = `
      import { withWorkDirectory } from ${JSON.stringify(WORK_DIRECTORY)}
      await withWorkDirectory(${JSON.stringify(cache)}, (directory) => {
        console.log(directory)
        return new Promise((resolve) => setTimeout(resolve, 60_000))
      })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program])
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    expect(readdirSync(cache)).toEqual([path.basename(said.toString().trim())])
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
    expect(readdirSync(cache)).toEqual([])
  })

  it('removes what killed processes left, and nothing that may be at work', async () => {
    leave(`patched-${NOBODY}-old`, 7)
    leave(`patched-${NOBODY}-new`, 1)
    leave(`patched-${process.pid}-old`, 7)
    leave('baseline-1', 7)
    await withWorkDirectory(cache, () => Promise.resolve())
    const kept = ['baseline-1', `patched-${NOBODY}-new`, `patched-${process.pid}-old`]
    expect(readdirSync(cache).toSorted()).toEqual(kept.toSorted())
  })
})
