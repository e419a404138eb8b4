/**
 * A small server that behaves like XAPI's JSON-RPC: sessions, records, and its errors.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { XapiPool } from '../../fleet/xapi-hosts.ts'

export interface XapiServerOptions {
  readonly user: string
  readonly password: string
  readonly pool: XapiPool
  /** Makes this a member that sends its callers on to the coordinator. */
  readonly coordinator?: string
  /** What is answered in place of all else, to try a client. */
  readonly instead?: string
}

/** A running server, and what was asked of it. */
export interface XapiServer {
  readonly url: URL
  readonly calls: readonly string[]
  /** Sessions that were opened and not closed. */
  readonly openSessions: () => number
  readonly close: () => Promise<void>
}

type Answer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: 1; readonly message: string; readonly data: string[] } }

function fault(message: string, ...data: string[]): Answer {
  return { error: { code: 1, message, data } }
}

export async function startXapiServer(options: XapiServerOptions): Promise<XapiServer> {
  const sessions = new Set<string>()
  const calls: string[] = []
  let given = 0

  const answerTo = (method: string, params: readonly unknown[]): Answer => {
    calls.push(method)
    if (method === 'session.login_with_password') {
      if (options.coordinator !== undefined) return fault('HOST_IS_SLAVE', options.coordinator)
      const [user, password] = params
      if (user !== options.user || password !== options.password) {
        return fault('SESSION_AUTHENTICATION_FAILED', String(user), 'Authentication failure')
      }
      given += 1
      const session = `OpaqueRef:session-${given}`
      sessions.add(session)
      return { result: session }
    }
    const [session] = params
    if (typeof session !== 'string' || !sessions.has(session)) {
      return fault('SESSION_INVALID', String(session))
    }
    if (method === 'session.logout') {
      sessions.delete(session)
      return { result: '' }
    }
    const kind = /^(host|pool|VM)\.get_all_records$/.exec(method)?.[1]
    if (kind === 'host' || kind === 'pool' || kind === 'VM') return { result: options.pool[kind] }
    return fault('MESSAGE_METHOD_UNKNOWN', method)
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      if (options.instead !== undefined) {
        response.end(options.instead)
        return
      }
      const call = JSON.parse(Buffer.concat(parts).toString('utf8')) as {
        method: string
        params: readonly unknown[]
        id: number
      }
      const answer = answerTo(call.method, call.params)
      response.end(JSON.stringify({ jsonrpc: '2.0', ...answer, id: call.id }))
    })
  })
  const port = await listen(server)
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    calls,
    openSessions: () => sessions.size,
    close: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  // A server on a port has an address with one; a string is the path of a socket.
  return (address as AddressInfo).port
}
