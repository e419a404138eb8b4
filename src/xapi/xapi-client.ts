import { request as requestPlain, type RequestOptions } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP } from 'node:net'
import type { XapiPool, XapiRecords } from '../fleet/xapi-hosts.ts'
import { isRecord } from '../fleet/read-host-facts.ts'

/** How to reach a pool. */
export interface XapiAccess {
  /** `https://pool.example`; plain `http` to this machine alone. */
  readonly url: URL
  readonly user: string
  readonly password: string
  /** The pool's certificates in PEM, where the system does not know who signed them. */
  readonly certificates: string | undefined
  readonly timeoutMs: number
}

/** XAPI answered with an error, or not as XAPI does. */
export class XapiFailed extends Error {
  readonly code = 'xapi-failed'
  readonly method: string
  /** XAPI's own word: `SESSION_AUTHENTICATION_FAILED`. */
  readonly error: string
  readonly parameters: readonly string[]

  constructor(method: string, error: string, parameters: readonly string[] = [], cause?: unknown) {
    const about = parameters.length > 0 ? ` (${parameters.join(', ')})` : ''
    super(`XAPI did not answer ${method}: ${error}${about}`, { cause })
    this.method = method
    this.error = error
    this.parameters = parameters
  }
}

/** Why a pool is not asked at all. */
export type XapiRefusal = { readonly kind: 'plain-http'; readonly host: string }

export function describeXapiRefusal(refusal: XapiRefusal): string {
  return `The password would go over the network in clear to ${refusal.host}: use https`
}

/** Whether the pool may be sent a password at this address. */
export function checkXapiUrl(url: URL): XapiRefusal | undefined {
  return url.protocol === 'https:' || isLoopback(url.hostname)
    ? undefined
    : { kind: 'plain-http', host: url.hostname }
}

const LARGEST_ANSWER_BYTES = 512 << 20

/**
 * Reads the records of a pool's hosts and guests, and logs out again.
 *
 * A member of the pool that is not its coordinator names the one that is, which is then asked in
 * its place, once, at the same port.
 *
 * @throws XapiFailed
 */
export async function readXapiPool(access: XapiAccess): Promise<XapiPool> {
  const { session, at } = await logIn(access)
  const records = async (kind: string): Promise<XapiRecords> =>
    asRecords(`${kind}.get_all_records`, await call(at, `${kind}.get_all_records`, [session]))
  try {
    return { host: await records('host'), pool: await records('pool'), VM: await records('VM') }
  } finally {
    // A session that stays ends by itself; what was read is good without.
    await call(at, 'session.logout', [session]).catch(() => undefined)
  }
}

async function logIn(
  access: XapiAccess,
): Promise<{ readonly session: string; readonly at: XapiAccess }> {
  const method = 'session.login_with_password'
  const ask = async (at: XapiAccess): Promise<string> => {
    const session = await call(at, method, [access.user, access.password, '1.0', 'reweave'])
    if (typeof session === 'string') return session
    throw new XapiFailed(method, 'the answer is no session')
  }
  try {
    return { session: await ask(access), at: access }
  } catch (error) {
    if (!(error instanceof XapiFailed) || error.error !== 'HOST_IS_SLAVE') throw error
    const at = { ...access, url: coordinatorUrl(access.url, error) }
    return { session: await ask(at), at }
  }
}

/** The coordinator's address, from the error that names it. Nothing but an address is taken. */
function coordinatorUrl(url: URL, error: XapiFailed): URL {
  const [address = ''] = error.parameters
  if (isIP(address) === 0) throw new XapiFailed(error.method, 'names no coordinator')
  const coordinator = new URL(url)
  coordinator.hostname = isIP(address) === 6 ? `[${address}]` : address
  if (checkXapiUrl(coordinator) !== undefined) {
    throw new XapiFailed(error.method, 'names a coordinator that only https may reach')
  }
  return coordinator
}

let lastId = 0

async function call(
  access: XapiAccess,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  lastId += 1
  const id = lastId
  const body = JSON.stringify({ jsonrpc: '2.0', method, params, id })
  const answer = await post(access, method, body)
  if (!isRecord(answer) || answer['id'] !== id) {
    throw new XapiFailed(method, 'the answer is not one of JSON-RPC 2.0')
  }
  const { error } = answer
  if (error !== undefined && error !== null) {
    const word = isRecord(error) ? String(error['message']) : 'an error without a name'
    const data = isRecord(error) && Array.isArray(error['data']) ? error['data'].map(String) : []
    throw new XapiFailed(method, word, data)
  }
  return answer['result']
}

async function post(access: XapiAccess, method: string, body: string): Promise<unknown> {
  const url = new URL('/jsonrpc', access.url)
  const options: RequestOptions & { ca?: string } = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    signal: AbortSignal.timeout(access.timeoutMs),
  }
  if (access.certificates !== undefined) options.ca = access.certificates
  const send = url.protocol === 'https:' ? requestTls : requestPlain
  const text = await new Promise<string>((resolve, reject) => {
    const failed = (cause: unknown): void => {
      const word = cause instanceof Error ? cause.message : String(cause)
      reject(new XapiFailed(method, word, [], cause))
    }
    const outgoing = send(url, options, (answer) => {
      const parts: Buffer[] = []
      let byteLength = 0
      answer.on('data', (part: Buffer) => {
        byteLength += part.length
        if (byteLength > LARGEST_ANSWER_BYTES) answer.destroy(new Error('the answer has no end'))
        parts.push(part)
      })
      answer.on('error', failed)
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'))
        else failed(new Error(`HTTP status ${answer.statusCode}`))
      })
    })
    outgoing.on('error', failed)
    outgoing.end(body)
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new XapiFailed(method, 'the answer is no JSON', [], error)
  }
}

function asRecords(method: string, value: unknown): XapiRecords {
  const records = isRecord(value) ? Object.entries(value) : undefined
  const good = records?.flatMap(([reference, one]) =>
    isRecord(one) ? [[reference, one] as const] : [],
  )
  if (records === undefined || good?.length !== records.length) {
    throw new XapiFailed(method, 'the answer is no set of records')
  }
  return Object.fromEntries(good)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
