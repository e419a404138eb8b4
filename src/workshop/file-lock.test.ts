import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withFileLock } from './file-lock.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-lock-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const patient = (): void => undefined

describe('withFileLock()', () => {
  it('lets one action run at a time', async () => {
    const file = path.join(directory, 'lock')
    let running = 0
    const most: number[] = []
    const action = async (): Promise<void> => {
      running += 1
      most.push(running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    await Promise.all([1, 2, 3, 4].map(() => withFileLock(file, patient, action)))
    expect(most).toEqual([1, 1, 1, 1])
  })

  it('gives the lock back after an action that failed', async () => {
    const file = path.join(directory, 'lock')
    const fails = (): Promise<never> => Promise.reject(new Error('inside'))
    await expect(withFileLock(file, patient, fails)).rejects.toThrow('inside')
    expect(await withFileLock(file, patient, () => Promise.resolve('next'))).toBe('next')
  })
})
