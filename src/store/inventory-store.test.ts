import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HostEntry } from '../fleet/inventory.ts'
import { InventoryStore, readHostsFile } from './inventory-store.ts'
import { StoreUnreadable } from './store-failure.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'reweave-inventory-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function host(id: string, seenAt = '2026-11-21T12:00:00.000Z'): HostEntry {
  const facts = { seenAt, seenBy: 'a test', toolstack: 'xl' as const }
  return { id, name: `host-${id}`, pool: undefined, zone: undefined, facts }
}

describe('InventoryStore', () => {
  it('is empty before anything was put in', () => {
    expect(new InventoryStore(root).load().hosts).toEqual([])
  })

  it('gives back what was put in, also to another process', () => {
    new InventoryStore(root).add([host('a'), host('b')])
    expect(new InventoryStore(root).load().hosts).toEqual([host('a'), host('b')])
  })

  it('takes out the hosts that are named, and says which there were', () => {
    const store = new InventoryStore(root)
    store.add([host('a'), host('b')])
    expect(store.remove(new Set(['b', 'z'])).map(({ id }) => id)).toEqual(['b'])
    expect(store.load().hosts.map(({ id }) => id)).toEqual(['a'])
  })

  it.each(['no JSON', '[]', '{"formatVersion":1,"hosts":[{}]}'])(
    'does not go on with a file that holds %s, and leaves it alone',
    (text) => {
      const store = new InventoryStore(root)
      writeFileSync(store.file, text)
      expect(() => store.load()).toThrow(StoreUnreadable)
      expect(() => store.add([host('a')])).toThrow(StoreUnreadable)
    },
  )
})

describe('readHostsFile()', () => {
  it('says why a file cannot be read', () => {
    const missing = readHostsFile(path.join(root, 'missing.json'))
    expect(missing).toMatchObject({ kind: 'unreadable' })
    expect(missing.problems[0]?.sentence).toContain('ENOENT')
    writeFileSync(path.join(root, 'text.json'), 'hosts: []')
    expect(readHostsFile(path.join(root, 'text.json'))).toMatchObject({
      kind: 'unreadable',
      problems: [{ sentence: 'The file is no JSON' }],
    })
  })
})
