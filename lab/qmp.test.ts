import net from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseForwardedPort, qmp } from './qmp.ts'

const directory = mkdtempSync(path.join(os.tmpdir(), 'qmp-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Asks a QEMU that greets, answers the first command with `{}`, and the second as it is told. */
async function askOne(name: string, answers: readonly object[]): Promise<unknown> {
  const socket = path.join(directory, name)
  const send = (to: net.Socket, value: object): void => {
    to.write(`${JSON.stringify(value)}\r\n`)
  }
  const server = net.createServer((client) => {
    send(client, { QMP: { version: {}, capabilities: [] } })
    client.once('data', () => {
      send(client, { return: {} })
      client.once('data', () => {
        for (const answer of answers) send(client, answer)
        client.end()
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  try {
    return await qmp(socket, 'query-status')
  } finally {
    server.close()
  }
}

describe('qmp()', () => {
  it('passes over events', async () => {
    const answers = [{ event: 'RESUME' }, { return: { status: 'running' } }]
    await expect(askOne('a', answers)).resolves.toEqual({ status: 'running' })
  })

  it("passes on QEMU's reason for an error", async () => {
    await expect(askOne('b', [{ error: { desc: 'no such thing' } }])).rejects.toMatchObject({
      code: 'qemu-failed',
      cause: { message: 'no such thing' },
    })
  })

  it('fails when QEMU goes away without an answer', async () => {
    await expect(askOne('c', [])).rejects.toMatchObject({ code: 'qemu-failed' })
  })

  it('fails when nobody listens', async () => {
    await expect(qmp(path.join(directory, 'none'), 'quit')).rejects.toMatchObject({
      code: 'qemu-failed',
    })
  })
})

describe('parseForwardedPort()', () => {
  it("finds the port on this host's side", () => {
    const answer = [
      'Hub -1 (net):',
      '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
      '  TCP[ESTABLISHED]   13       127.0.0.1 33949       10.0.2.15    22     0     0',
      '  TCP[HOST_FORWARD]  11       127.0.0.1 33949       10.0.2.15    22     0     0',
    ]
    expect(parseForwardedPort(answer.join('\r\n'))).toBe(33949)
    expect(parseForwardedPort(answer.slice(0, 3).join('\r\n'))).toBeUndefined()
  })
})
