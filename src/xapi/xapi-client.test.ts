import { afterEach, describe, expect, it } from 'vitest'
import { hostsOfPool } from '../fleet/xapi-hosts.ts'
import { samplePool } from './testing/sample-pool.ts'
import { startXapiServer, type XapiServer, type XapiServerOptions } from './testing/xapi-server.ts'
import { checkXapiUrl, readXapiPool, type XapiAccess, XapiFailed } from './xapi-client.ts'

const running: XapiServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

async function start(options: Partial<XapiServerOptions> = {}): Promise<XapiServer> {
  const server = await startXapiServer({
    user: 'root',
    password: 'secret',
    pool: samplePool,
    ...options,
  })
  running.push(server)
  return server
}

function accessTo(server: XapiServer, password = 'secret'): XapiAccess {
  return { url: server.url, user: 'root', password, certificates: undefined, timeoutMs: 5000 }
}

async function failureOf(access: XapiAccess): Promise<XapiFailed> {
  const failure: unknown = await readXapiPool(access).catch((error: unknown) => error)
  if (failure instanceof XapiFailed) return failure
  throw new Error('The pool was read')
}

describe('readXapiPool()', () => {
  it('reads the records of hosts, pool and guests, and leaves no session behind', async () => {
    const server = await start()
    expect(await readXapiPool(accessTo(server))).toEqual(samplePool)
    expect(server.openSessions()).toBe(0)
    expect(server.calls.at(-1)).toBe('session.logout')
  })

  it("gives XAPI's own word for a wrong password, and never the password", async () => {
    const server = await start()
    const failure = await failureOf(accessTo(server, 'guessed'))
    expect(failure.error).toBe('SESSION_AUTHENTICATION_FAILED')
    expect(failure.message).not.toContain('guessed')
  })

  it('asks the coordinator where a member names one, and asks a member but once', async () => {
    const member = await start({ coordinator: '127.0.0.1' })
    const failure = await failureOf(accessTo(member))
    expect(failure.error).toBe('HOST_IS_SLAVE')
    expect(member.calls).toEqual(['session.login_with_password', 'session.login_with_password'])
  })

  it('does not follow a member to a name, or to where the password would go in clear', async () => {
    for (const coordinator of ['elsewhere.example', '192.0.2.1']) {
      const member = await start({ coordinator })
      await failureOf(accessTo(member))
      expect(member.calls).toEqual(['session.login_with_password'])
    }
  })

  it.each(['no JSON', '[]', '{"jsonrpc":"2.0","id":-1,"result":{}}', '{"id":1}'])(
    'does not take %s for an answer',
    async (instead) => {
      const server = await start({ instead })
      expect((await failureOf(accessTo(server))).message).toMatch(/^XAPI did not answer session/)
    },
  )

  it('says that nobody answers', async () => {
    const server = await start()
    await server.close()
    running.length = 0
    expect((await failureOf(accessTo(server))).message).toContain('ECONNREFUSED')
  })
})

describe('checkXapiUrl()', () => {
  it('sends a password in clear to this machine alone', () => {
    expect(checkXapiUrl(new URL('https://pool.example'))).toBeUndefined()
    expect(checkXapiUrl(new URL('http://127.0.0.1:8080'))).toBeUndefined()
    expect(checkXapiUrl(new URL('http://pool.example'))).toEqual({
      kind: 'plain-http',
      host: 'pool.example',
    })
    expect(checkXapiUrl(new URL('http://127.0.0.1.pool.example'))).toBeDefined()
  })
})

describe('hostsOfPool()', () => {
  const [one, two] = hostsOfPool(samplePool, '2026-11-21T12:00:00.000Z')

  it('makes an entry of every host, in its pool', () => {
    expect([one, two].map((host) => [host?.id, host?.name, host?.pool])).toEqual([
      ['uuid-of-one', 'one', 'pool-a'],
      ['uuid-of-two', 'two', 'pool-a'],
    ])
  })

  it('counts the guests that run there, and no control domain', () => {
    expect(one?.facts.guestTypes).toEqual({ pv: 0, pv32: 0, pvh: 0, hvm: 2 })
    expect(two?.facts.guestTypes).toEqual({ pv: 0, pv32: 0, pvh: 1, hvm: 1 })
  })

  it('does not count guests by type where the type of one is not known', () => {
    const odd = { ...samplePool.VM['OpaqueRef:plain'], domain_type: 'unspecified' }
    const pool = { ...samplePool, VM: { ...samplePool.VM, 'OpaqueRef:plain': odd } }
    const [host] = hostsOfPool(pool, '2026-11-21T12:00:00.000Z')
    expect(host?.facts.guestTypes).toBeUndefined()
  })

  it('knows which guests are pinned, and why', () => {
    expect(one?.facts.pciPassthrough).toBe(true)
    expect(one?.facts.pinnedGuests?.map(({ guest }) => guest)).toEqual(['gpu'])
    expect(two?.facts.pinnedGuests?.map(({ guest }) => guest)).toEqual(['shim'])
  })

  it('knows whether guests have anywhere to go', () => {
    expect(one?.facts.migration?.possible).toBe(false)
    expect(two?.facts.migration?.possible).toBe(true)
  })

  it('claims nothing about builds and memory, which XAPI does not know', () => {
    expect(one?.facts.buildId).toBeUndefined()
    expect(one?.facts.memoryFixes).toBeUndefined()
    expect(one?.facts.iommuMode).toBeUndefined()
  })
})
