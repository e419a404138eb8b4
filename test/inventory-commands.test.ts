import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exitCode } from '../src/cli/exit-code.ts'
import { samplePool } from '../src/xapi/testing/sample-pool.ts'
import { startXapiServer, type XapiServer } from '../src/xapi/testing/xapi-server.ts'

const MAIN = path.resolve(import.meta.dirname, '../src/cli/main.ts')

let folder = ''
let pool: XapiServer | undefined
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reweave-inventory-commands-'))
})
afterEach(async () => {
  await pool?.close()
  pool = undefined
  rmSync(folder, { recursive: true })
})

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

/** Runs the program as a user does, with its state in the test's folder. */
async function reweave(
  words: readonly string[],
  options: { readonly input?: string; readonly password?: string } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: folder,
    env: { REWEAVE_STORE: path.join(folder, 'store'), REWEAVE_XAPI_PASSWORD: options.password },
  })
  const streams = { out: '', error: '' }
  child.stdout.on('data', (text: Buffer) => (streams.out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (streams.error += text.toString()))
  child.stdin.end(options.input ?? '')
  const status = await new Promise<number | null>((resolve) => {
    child.on('close', resolve)
  })
  return { status, ...streams }
}

function look(seenAt: string, facts: object = {}): string {
  return JSON.stringify({ domains: [], facts: { seenAt, seenBy: 'reweave inspect', ...facts } })
}

const MONDAY = '2026-11-16T12:00:00.000Z'
const TUESDAY = '2026-11-17T12:00:00.000Z'

// Each test starts the program several times.
describe('reweave inventory', { timeout: 60_000 }, () => {
  it('takes in a look at a host, and a later one in its place', async () => {
    const add = ['inventory', 'add', 'host1', '--pool', 'p', '--facts', '-']
    const first = await reweave(add, { input: look(MONDAY, { xenVersion: '4.17.5' }) })
    expect(first).toMatchObject({ status: 0, out: 'host1: added\n' })
    await reweave(add, { input: look(TUESDAY, { xenVersion: '4.17.7' }) })
    const older = await reweave(add, { input: look(MONDAY, { xenVersion: '4.17.5' }) })
    expect(older.out).toContain('left as it was')
    const list = await reweave(['inventory', 'list'])
    expect(list.out).toMatch(/host1 +p +4\.17\.7 +unknown +unknown +2026-11-17T12:00/)
  })

  it('does not know a fact that it did not understand, and says so by its exit code', async () => {
    const ran = await reweave(['inventory', 'add', 'host1', '--facts', '-'], {
      input: look(MONDAY, { toolstack: 'xm', xenVersion: '4.17.5' }),
    })
    expect(ran.status).toBe(exitCode('badInventory'))
    const shown = await reweave(['inventory', 'show', 'host1', '--json'])
    const { facts } = JSON.parse(shown.out) as { facts: object }
    expect(facts).toEqual({ seenAt: MONDAY, seenBy: 'reweave inspect', xenVersion: '4.17.5' })
  })

  it('marks what is declared, and lets what was seen stand', async () => {
    writeFileSync(path.join(folder, 'said.json'), '{"toolstack":"xapi","dom0Type":"pvh"}')
    await reweave(['inventory', 'add', 'host1', '--facts', '-', '--declared', 'said.json'], {
      input: look(MONDAY, { toolstack: 'xl' }),
    })
    const { out } = await reweave(['inventory', 'show', 'host1'])
    expect(out).toMatch(/toolstack +xl/)
    expect(out).toMatch(/dom0Type +pvh {2}\(declared in part\)/)
  })

  it('takes in the hosts of a pool, and leaves no session behind', async () => {
    pool = await startXapiServer({ user: 'root', password: 'secret', pool: samplePool })
    const ran = await reweave(['inventory', 'import', pool.url.href], { password: 'secret' })
    expect(ran).toMatchObject({ status: 0, out: 'one: added\ntwo: added\n' })
    expect(pool.openSessions()).toBe(0)
    const removed = await reweave(['inventory', 'remove', 'one'])
    expect(removed.out).toBe('one: removed\n')
  })

  it('says why a pool was not read, without the password, and takes in the rest', async () => {
    pool = await startXapiServer({ user: 'root', password: 'secret', pool: samplePool })
    const entry = { id: 'a', name: 'host-a', facts: { seenAt: MONDAY, seenBy: 'a file' } }
    const file = path.join(folder, 'hosts.json')
    writeFileSync(file, JSON.stringify({ formatVersion: 1, collectedAt: MONDAY, hosts: [entry] }))
    const ran = await reweave(['inventory', 'import', pool.url.href, file], { password: 'guessed' })
    expect(ran.status).toBe(exitCode('xapiFailed'))
    expect(ran.out).toContain('host-a: added')
    expect(ran.out).toContain('SESSION_AUTHENTICATION_FAILED')
    expect(ran.out + ran.error).not.toContain('guessed')
  })

  it.each([
    ['unknownHost', ['inventory', 'show', 'nobody']],
    ['usage', ['inventory', 'import', 'http://pool.example']],
    ['badInventory', ['inventory', 'import', 'missing.json']],
  ] as const)('exits as %s says', async (name, words) => {
    expect((await reweave(words, { password: 'secret' })).status).toBe(exitCode(name))
  })
})
