import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sighting } from '../advisory/window.ts'
import { SightingStore } from './sighting-store.ts'

let root: string
let store: SightingStore
const file = (): string => path.join(root, 'sightings/xsa-506.jsonl')

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'reweave-sightings-'))
  store = new SightingStore(root)
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function seen(day: number, open: Sighting['open']): Sighting {
  return { host: 'h1', at: `2026-08-0${day}T12:00:00.000Z`, open }
}

describe('SightingStore', () => {
  it('knows nothing of an advisory that was never looked at', () => {
    expect(store.load(506)).toEqual([])
  })

  it('keeps the first sighting and each change, and nothing twice', () => {
    store.record(506, [seen(1, 'true')])
    store.record(506, [seen(2, 'true')])
    store.record(506, [seen(3, 'false')])
    store.record(506, [seen(3, 'false')])
    expect(store.load(506)).toEqual([seen(1, 'true'), seen(3, 'false')])
  })

  it('leaves out a line that a crash cut short, and takes it off at the next', () => {
    store.record(506, [seen(1, 'true')])
    appendFileSync(file(), '{"host": "h1", "at"')
    expect(store.load(506)).toEqual([seen(1, 'true')])
    store.record(506, [seen(2, 'false')])
    expect(store.load(506)).toEqual([seen(1, 'true'), seen(2, 'false')])
    expect(readFileSync(file(), 'utf8').trimEnd().split('\n')).toHaveLength(2)
  })

  it.each(['{}', 'no JSON', '{"host": "h1", "at": "x", "open": "maybe"}'])(
    'refuses a file with the line %s',
    (line) => {
      store.record(506, [seen(1, 'true')])
      appendFileSync(file(), `${line}\n`)
      expect(() => store.load(506)).toThrow('it holds something else than Reweave wrote')
    },
  )
})
