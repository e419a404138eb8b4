import net from 'node:net'
import readline from 'node:readline'
import { LabError } from './lab-error.ts'

/**
 * Asks QEMU one thing over its QMP socket, and returns the answer's `return` value.
 *
 * The socket serves one connection at a time: calls for one machine must not overlap.
 *
 * @throws LabError `qemu-failed` when QEMU does not answer, or answers with an error
 */
export async function qmp(
  socketPath: string,
  command: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const socket = net.connect(socketPath)
  socket.setTimeout(10_000, () => socket.destroy(new Error('no answer in 10 s')))
  try {
    const answers = readline.createInterface({ input: socket })
    const lines = answers[Symbol.asyncIterator]()
    // readline does not pass on its input's errors: this does.
    const failed = new Promise<never>((_, reject) => socket.once('error', reject))
    const ask = async (name: string, parameters: object): Promise<unknown> => {
      socket.write(`${JSON.stringify({ execute: name, arguments: parameters })}\n`)
      return await Promise.race([answerOf(lines), failed])
    }
    await ask('qmp_capabilities', {})
    return await ask(command, args)
  } catch (cause) {
    throw new LabError('qemu-failed', `Cannot ask QEMU for ${command}`, { cause })
  } finally {
    socket.destroy()
  }
}

/** The next answer; the greeting and events, which come between, are passed over. */
async function answerOf(lines: AsyncIterator<string>): Promise<unknown> {
  for (;;) {
    const next = await lines.next()
    if (next.done === true) throw new Error('QEMU closed the connection')
    const message = JSON.parse(next.value) as {
      readonly return?: unknown
      readonly error?: { readonly desc?: string }
    }
    if (message.error !== undefined) throw new Error(message.error.desc ?? 'unnamed error')
    if ('return' in message) return message.return
  }
}

/** The port on 127.0.0.1 that QEMU forwards to the machine's sshd. */
export async function forwardedSshPort(socketPath: string): Promise<number> {
  const answer = await qmp(socketPath, 'human-monitor-command', { 'command-line': 'info usernet' })
  const port = parseForwardedPort(String(answer))
  if (port !== undefined) return port
  throw new LabError('qemu-failed', `Cannot find the ssh port in QEMU's answer: ${String(answer)}`)
}

/** From a line such as `TCP[HOST_FORWARD]  11  127.0.0.1 33949  10.0.2.15  22  0  0`. */
export function parseForwardedPort(usernet: string): number | undefined {
  const found = /TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+22\s/.exec(usernet)
  return found?.[1] === undefined ? undefined : Number(found[1])
}
