import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { EXIT_CODES, type ExitName } from '../../../src/cli/exit-code.ts'
import { type FailureJson, parsed, reweave, reweaveDone } from '../testing/reweave-answer.ts'
import { NVME_DISK, type XenUnderTest } from '../testing/xen-under-test.ts'

const CHECKOUT = path.resolve(import.meta.dirname, '../../..')
const OTHER_BUILD = '151b373fd64b321593bf987fd923cd10dabadac4'
const FIX_506 = readFileSync(path.join(CHECKOUT, 'fixes/xsa-506.yaml'), 'utf8')
const FIX_OPEN = readFileSync(path.join(CHECKOUT, 'fixes/xsa-108-open.yaml'), 'utf8')

/** Fix files with something wrong, by name. Each lies in a folder of its own in Dom0. */
const FILES = {
  'other-build': replaced(FIX_506, '39a640e6f1412319235087391df9f1c5e13ae920', OTHER_BUILD),
  'other-expectation': replaced(FIX_506, 'expect: 0f 87 c7 00', 'expect: 0f 87 c8 00'),
  // The first instruction is `push %rbp`: one byte, too short for any jump.
  unsafe: `${FIX_506.slice(0, FIX_506.indexOf('changes:'))}changes:
  - detour: guest_rdmsr
    why: A place where no jump fits.
    expect: 55
    code: |
      55
      e9 {pc32 guest_rdmsr+0x1}
...
`,
  malformed: replaced(FIX_506, 'advisory: XSA-506', 'advisory: [XSA-506'),
  // Cut between two changes: without the mark at its end it would be a smaller fix.
  truncated: FIX_506.slice(0, FIX_506.indexOf('  - detour: compat_dm_op')),
  // The same site as xsa-108-open, with other bytes to put there.
  rival: replaced(
    replaced(FIX_OPEN, 'name: xsa-108-open', 'name: rival'),
    'put: 81 ff ff 0b 00 00',
    'put: 81 ff ff 0a 00 00',
  ),
} as const

const NOT_SYMBOLS = '/etc/passwd'
const OTHER_SYMBOLS = '/root/bad/other-syms'

interface Case {
  readonly what: string
  readonly args: readonly string[]
  readonly exit: ExitName
  /** The whole message: what was found, what was wanted. */
  readonly message: RegExp
}

const CASES: readonly Case[] = [
  {
    what: 'a fix for another build-id',
    args: ['apply', fileOf('other-build')],
    exit: 'otherBuild',
    message:
      /^xsa-506 is for build 151b373fd64b\w+ \(.*\), this host runs 39a640e6f141\w+; nothing was written$/,
  },
  {
    what: 'a fix that expects other bytes than the build has',
    args: ['apply', fileOf('other-expectation')],
    exit: 'otherBytes',
    message:
      /^xsa-506 cannot be applied here; nothing was written\n {2}Change 1: the base build has 0f 87 c7 00 00 00 at do_dm_op\+0x3, the fix expects 0f 87 c8 00 00 00$/,
  },
  {
    what: 'a site that is not splice-safe',
    args: ['apply', fileOf('unsafe')],
    exit: 'notSpliceSafe',
    message:
      /^xsa-506 cannot be applied here; nothing was written\n {2}Change 1: guest_rdmsr cannot be switched while CPUs run: a jump needs 2 bytes, the instruction has 1$/,
  },
  {
    what: 'a malformed fix',
    args: ['apply', fileOf('malformed')],
    exit: 'badFix',
    message:
      /^\/root\/bad\/malformed\/fix\.yaml is no valid fix; nothing was written\n.*:\d+:\d+: /s,
  },
  {
    what: 'a truncated fix',
    args: ['apply', fileOf('truncated')],
    exit: 'badFix',
    message:
      /^\/root\/bad\/truncated\/fix\.yaml is no valid fix; nothing was written\n.*:\d+:\d+: /s,
  },
  {
    what: 'a fix file that is not there',
    args: ['apply', '/root/bad/none.yaml'],
    exit: 'badFix',
    message: /^Cannot read \/root\/bad\/none\.yaml: ENOENT: no such file or directory/,
  },
  {
    what: 'a name that no fix has',
    args: ['apply', 'xsa-0'],
    exit: 'badFix',
    message: /^There is no fix 'xsa-0': looked in .*; give a name that is there, or the path/,
  },
  {
    what: 'symbols of another build',
    args: ['apply', 'xsa-506', '--symbols', OTHER_SYMBOLS],
    exit: 'badSymbols',
    message:
      /^\/root\/bad\/other-syms holds the symbols of build 151b373fd64b\w+, wanted 39a640e6f141\w+; nothing was written$/,
  },
  {
    what: 'a file that holds no symbols',
    args: ['apply', 'xsa-506', '--symbols', NOT_SYMBOLS],
    exit: 'badSymbols',
    message: /^\/etc\/passwd holds no symbols of a hypervisor: /,
  },
  {
    what: 'an engine that nobody knows',
    args: ['apply', 'xsa-506', '--engine', 'fpga'],
    exit: 'usage',
    message: /^Unknown engine 'fpga': choose one of auto, nvme, nvme-sectors, edu$/,
  },
]

/** Each kind of bad input has its own exit code and sentence, and writes nothing. */
export function testBadInput(on: () => XenUnderTest, expectAsAtStart: () => void): void {
  describe('bad input', () => {
    beforeAll(async () => {
      const { machine, image } = on()
      for (const name of Object.keys(FILES) as (keyof typeof FILES)[]) {
        const write = ['sh', '-c', 'mkdir -p "$(dirname "$1")" && cat > "$1"', 'sh', fileOf(name)]
        await machine.run(write, { stdin: FILES[name] })
      }
      // The symbols of this build with the build-id of another.
      const change =
        'const fs = require("node:fs"); const [from, to, ...ids] = process.argv.slice(1);' +
        'const syms = fs.readFileSync(from); const [was, is] = ids.map((id) => Buffer.from(id, "hex"));' +
        'const at = syms.indexOf(was); if (at < 0) throw new Error("no build-id");' +
        'is.copy(syms, at); fs.writeFileSync(to, syms)'
      const symbols = `/opt/reweave/symbols/${image.buildId}/xen-syms`
      await machine.run(['node', '-e', change, symbols, OTHER_SYMBOLS, image.buildId, OTHER_BUILD])
    })

    it.each(CASES)('$what is refused', async ({ args, exit, message }) => {
      const answer = await reweave(on().machine, args)
      const failure = answer.json as FailureJson
      expect(failure).toMatchObject({ ok: false, error: exit, exit: EXIT_CODES[exit].code })
      expect(answer.exit).toBe(EXIT_CODES[exit].code)
      expect(failure.message).toMatch(message)
      expect(answer.stderr).toContain(`reweave: ${failure.message}\n`)
      expectAsAtStart()
    })

    it('bytes of unknown origin in memory are refused, and reported by status', async () => {
      const xen = on()
      await reweaveDone(xen.machine, ['apply', 'xsa-108-open', '--lab-only'])
      const before = xen.see()
      for (const args of [
        ['apply', fileOf('rival'), '--lab-only'],
        ['revert', fileOf('rival')],
      ]) {
        const { exit, json } = await reweave(xen.machine, args)
        expect(exit).toBe(EXIT_CODES.otherBytes.code)
        expect((json as FailureJson).message).toMatch(
          /^Cannot go on over bytes of unknown origin: at guest_rdmsr\+0x2\w.*, found .*0b.*, wanted .*08.* or .*0a.*; nothing was written$/,
        )
      }
      const status = await reweave(xen.machine, ['status', fileOf('rival')])
      expect(status).toMatchObject({
        exit: EXIT_CODES.otherBytes.code,
        json: [{ fix: 'rival', state: 'foreign' }],
      })
      expect(xen.differences(before, xen.see())).toEqual([])
      await reweaveDone(xen.machine, ['revert', 'xsa-108-open'])
      expectAsAtStart()
    })

    it.each(['inspect', 'apply xsa-506', 'status', 'probe xsa-506'])(
      "'%s' is refused to anyone but root",
      async (command) => {
        const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        const { exit, stdout } = await on().machine.exec([
          ...nobody,
          'reweave',
          ...command.split(' '),
          '--json',
        ])
        expect(exit).toBe(EXIT_CODES.notRoot.code)
        expect(parsed(stdout)).toMatchObject({
          error: 'notRoot',
          message: 'Must run as root in Dom0, runs as user 65534: try again with sudo',
        })
        expectAsAtStart()
      },
    )

    // The last one: it writes to the medium.
    it('a controller whose disk is swapped to is refused', async () => {
      const { machine } = on()
      const before = on().see()
      await machine.run(`disk=${NVME_DISK}; busybox mkswap $disk && busybox swapon $disk`)
      const { exit, json } = await reweave(machine, ['apply', 'xsa-506', '--engine', 'nvme'])
      expect(exit).toBe(EXIT_CODES.noEngine.code)
      expect((json as FailureJson).message).toMatch(
        /^No DMA engine: wanted nvme, found nvme 0000:00:04\.0 \(\/dev\/nvme\dn1 is in use .*\), edu 0000:00:05\.0; nothing was written$/,
      )
      await machine.run(`busybox swapoff ${NVME_DISK}`)
      expect(on().differences(before, on().see())).toEqual([])
    })
  })
}

function fileOf(name: keyof typeof FILES): string {
  return `/root/bad/${name}/fix.yaml`
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`The fix no longer holds '${from}'`)
  return text.replace(from, to)
}
