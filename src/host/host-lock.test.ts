import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockHost } from './host-lock.ts'

describe('lockHost()', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'reweave-lock-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('lets one holder in and names it to the next', () => {
    const first = lockHost(folder)
    expect(first.kind).toBe('locked')
    expect(lockHost(folder)).toEqual({ kind: 'held', holder: process.pid })
  })

  it('is free again after unlock()', () => {
    const first = lockHost(folder)
    if (first.kind === 'locked') first.unlock()
    expect(lockHost(folder).kind).toBe('locked')
  })
})
