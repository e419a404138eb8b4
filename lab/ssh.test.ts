import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shellLine, sshArguments } from './ssh.ts'

const SEED = 20260803

describe('shellLine()', () => {
  it('leaves a line for the shell as it is', () => {
    expect(shellLine('xl list | wc -l')).toBe('xl list | wc -l')
  })

  it('lets a shell see each argument as it was given', () => {
    const word = fc.string({ unit: 'binary-ascii' }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const line = shellLine(['printf', '%s\\0', ...words])
        const seen = execFileSync('sh', ['-c', line]).toString('latin1')
        expect(seen).toBe(words.length === 0 ? '\0' : words.map((text) => `${text}\0`).join(''))
      }),
      { seed: SEED, numRuns: 50 },
    )
  })
})

describe('sshArguments()', () => {
  it('asks nothing of the user, and trusts no other host key', () => {
    const args = sshArguments(
      { machine: 'm', port: 1234, key: '/k', knownHosts: '/a b/hosts', controlSocket: '/s/ssh' },
      'true',
    )
    expect(args).toContain('BatchMode=yes')
    expect(args).toContain('StrictHostKeyChecking=yes')
    expect(args).toContain('UserKnownHostsFile="/a b/hosts"')
    expect(args.slice(-2)).toEqual(['root@127.0.0.1', 'true'])
  })
})
