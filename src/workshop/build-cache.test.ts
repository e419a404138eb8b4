import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheKey, findOrBuild } from './build-cache.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-cache-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const progress = (): void => undefined
const entry = (): Parameters<typeof findOrBuild>[0] => {
  return { directory, name: 'thing', key: '00ff', progress }
}
const writeThing = async (part: string): Promise<void> => writeFileSync(`${part}/file`, 'whole')

describe('cacheKey()', () => {
  it('changes when a byte moves from one input to the next', () => {
    expect(cacheKey(['ab', 'c'])).not.toBe(cacheKey(['a', 'bc']))
    expect(cacheKey(['ab', ''])).not.toBe(cacheKey(['ab']))
  })

  it('is the same for a text and for its bytes', () => {
    expect(cacheKey(['ä'])).toBe(cacheKey([new TextEncoder().encode('ä')]))
  })
})

describe('findOrBuild()', () => {
  it('builds once, and finds the entry afterwards', async () => {
    let builds = 0
    const build = async (part: string): Promise<void> => {
      builds += 1
      await writeThing(part)
    }
    const first = await findOrBuild(entry(), build)
    expect(await findOrBuild(entry(), build)).toBe(first)
    expect(builds).toBe(1)
    expect(readFileSync(path.join(first, 'file'), 'utf8')).toBe('whole')
  })

  it('lets one of several at once build, and gives all of them its entry', async () => {
    let builds = 0
    const build = async (part: string): Promise<void> => {
      builds += 1
      await writeThing(part)
    }
    const found = await Promise.all([1, 2, 3].map(() => findOrBuild(entry(), build)))
    expect(new Set(found).size).toBe(1)
    expect(builds).toBe(1)
  })

  it('leaves nothing of a build that failed, and lets the next one succeed', async () => {
    const fails = async (part: string): Promise<void> => {
      await writeThing(part)
      throw new Error('no room')
    }
    await expect(findOrBuild(entry(), fails)).rejects.toThrow('no room')
    expect(readdirSync(directory)).toEqual(['thing-00ff.lock'])
    expect(existsSync(await findOrBuild(entry(), writeThing))).toBe(true)
  })

  it('never takes for finished what a killed process left half-made, and removes it', async () => {
    const left = path.join(directory, 'thing-00ff.4711.part')
    mkdirSync(left)
    writeFileSync(path.join(left, 'file'), 'half')
    const found = await findOrBuild(entry(), writeThing)
    expect(readFileSync(path.join(found, 'file'), 'utf8')).toBe('whole')
    expect(existsSync(left)).toBe(false)
  })
})
