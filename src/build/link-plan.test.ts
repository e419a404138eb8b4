import { describe, expect, it } from 'vitest'
import { planLink } from './link-plan.ts'
import { parseSavedCommand, plainPath, type SavedCommand } from './saved-command.ts'

const COMPILED = `cmd_common/dm.o := gcc -MMD -MF common/.dm.o.d '-DX="a b"' -DP=$(pound)1 -c common/dm.c -o common/.dm.o.tmp

source_common/dm.o := common/dm.c

deps_common/dm.o := \\
  include/xen/config.h \\
    $(wildcard include/config/debug.h) \\
  ./include/public/hvm/../xen.h \\

common/dm.o: $(deps_common/dm.o)

$(deps_common/dm.o):
`

/** Saved commands as the build writes them. */
function commandsOf(...texts: readonly string[]): ReadonlyMap<string, SavedCommand> {
  const read = texts.map(parseSavedCommand).flatMap((saved) => saved ?? [])
  expect(read).toHaveLength(texts.length)
  return new Map(read.map((saved) => [saved.target, saved]))
}

function compiled(name: string, extension = 'c'): string {
  const source = name.replace(/o$/, extension)
  return `cmd_${name} := gcc -c ${source} -o ${name}\n\nsource_${name} := ${source}\n\ndeps_${name} := \\\n  include/xen/lib.h \\\n\n`
}

describe('parseSavedCommand()', () => {
  it('reads the command, the source and the files that were read', () => {
    expect(parseSavedCommand(COMPILED)).toEqual({
      target: 'common/dm.o',
      command: `gcc -MMD -MF common/.dm.o.d '-DX="a b"' -DP=#1 -c common/dm.c -o common/.dm.o.tmp`,
      source: 'common/dm.c',
      dependencies: ['include/xen/config.h', 'include/public/xen.h'],
    })
  })

  it('undoes the doubling of dollars', () => {
    expect(parseSavedCommand('cmd_a.init.o := case "$$name" in *) ;; esac\n')).toEqual({
      target: 'a.init.o',
      command: 'case "$name" in *) ;; esac',
      source: undefined,
      dependencies: undefined,
    })
  })

  it('finds no command in another text', () => {
    expect(parseSavedCommand('common/dm.o: common/dm.c\n')).toBeUndefined()
  })
})

describe('plainPath()', () => {
  it('takes detours out, and keeps what leads outside', () => {
    expect(plainPath('./a//b/../c.h')).toBe('a/c.h')
    expect(plainPath('../../x.h')).toBe('../../x.h')
    expect(plainPath('/usr/include/x.h')).toBe('/usr/include/x.h')
  })
})

describe('planLink()', () => {
  it('lists the objects in the order of the link, through partial links and archives', () => {
    const commands = commandsOf(
      'cmd_prelink.o := ld -melf_x86_64 -r -o prelink.o common/built_in.o --start-group lib/lib.a --end-group\n',
      'cmd_common/built_in.o := x86_64-linux-gnu-ld  -r -o common/built_in.o common/b.o common/a.o\n',
      'cmd_lib/lib.a := rm -f lib/lib.a; ar cr lib/lib.a lib/c.o\n',
      compiled('common/a.o'),
      compiled('common/b.o', 'S'),
      compiled('lib/c.o'),
      compiled('tools/other.o'),
    )
    const objects = planLink(commands) ?? []
    expect(objects.map(({ name }) => name)).toEqual(['common/b.o', 'common/a.o', 'lib/c.o'])
    expect(objects.map(({ isAssembler }) => isAssembler)).toEqual([true, false, false])
    expect(objects[1]?.dependencies).toEqual(new Set(['common/a.c', 'include/xen/lib.h']))
  })

  it('takes an object that is made from others for one, with all their sources', () => {
    const commands = commandsOf(
      'cmd_prelink.o := ld -r -o prelink.o c/built_in.o\n',
      'cmd_c/built_in.o := ld -r -o c/built_in.o c/unxz.init.o c/libelf.o\n',
      'cmd_c/unxz.init.o := objdump -h c/unxz.o | while read x; do :; done; objcopy --rename-section .rodata=.init.rodata c/unxz.o c/unxz.init.o\n',
      'cmd_c/libelf.o := objcopy --rename-section .text=.init.text c/libelf-temp.o c/libelf.o\n',
      'cmd_c/libelf-temp.o := ld -r -o c/libelf-temp.o c/one.o c/two.o\n',
      ...['c/unxz.o', 'c/one.o', 'c/two.o'].map((name) => compiled(name)),
    )
    const [unxz, libelf] = planLink(commands) ?? []
    expect(unxz).toMatchObject({ source: 'c/unxz.c', steps: ['c/unxz.o', 'c/unxz.init.o'] })
    expect(libelf?.steps).toEqual(['c/one.o', 'c/two.o', 'c/libelf-temp.o', 'c/libelf.o'])
    expect(libelf?.dependencies).toContain('c/two.c')
  })

  it('knows nothing without the command that links all', () => {
    expect(planLink(commandsOf(compiled('common/a.o')))).toBeUndefined()
  })
})
