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
})
