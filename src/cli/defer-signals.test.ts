import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const MODULE = path.join(import.meta.dirname, 'defer-signals.ts')
/** Says that it works, waits for its input to end, and says that it is done. */
const PROGRAM = `
  import { once } from 'node:events'
  import { deferringSignals } from '${MODULE}'
  await deferringSignals(async () => {
    console.log('working')
    process.stdin.resume()
    await once(process.stdin, 'end')
    console.log('done')
  })
`

/** Says that it works; once its input has ended it says more, and exits with 7 after its work. */
const UNREAD_PROGRAM = `
  import { once } from 'node:events'
  import { setImmediate as nextTurn } from 'node:timers/promises'
  import { deferringSignals } from '${MODULE}'
  await deferringSignals(async () => {
    process.stdout.write('working')
    process.stdin.resume()
    await once(process.stdin, 'end')
    process.stderr.write('more')
    for (let turn = 0; turn < 3; turn += 1) await nextTurn()
    process.exitCode = 7
  })
  process.stdout.write('done')
`

describe('deferringSignals()', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'lets %s end no work half-way',
    async (signal) => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM])
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      while (!said.includes('working')) await once(child.stdout, 'data')
      child.kill(signal)
      while (!said.includes(signal)) await once(child.stderr, 'data')
      child.stdin.end()
      const [exit] = (await once(child, 'close')) as [number]
      expect(exit).toBe(0)
      expect(said).toContain('done')
    },
  )

  it('ends no work half-way when nobody reads any more what it prints', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', UNREAD_PROGRAM])
    await once(child.stdout, 'data')
    child.stdout.destroy()
    child.stderr.destroy()
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([7, null])
  })
})
