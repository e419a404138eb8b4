import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Baseline } from '../baseline.ts'
import { BASELINE_FORMAT, writeBaselineEntry } from '../baseline-entry.ts'
import { readBuildIndex } from '../build-index.ts'

/** Sources of the smallest tree that the saved commands of Xen's build can describe. */
export const TINY_SOURCES: Readonly<Record<string, string>> = {
  'include/xen/shared.h':
    'struct shared { int a; };\nstatic inline int twice(int x) { return 2 * x; }\n',
  'include/xen/offsets.h': '#define OFFSET 1\n',
  'include/public/tiny.h': '#define TINY 1\n',
  'arch/x86/x86_64/asm-offsets.c':
    '#include "../../../include/xen/offsets.h"\nvoid offsets(void)\n{\n    asm volatile ( ".ascii \\"==>#define OFFSET_OF %0<==\\"" :: "i" (OFFSET) );\n}\n',
  Makefile:
    'xen: common/three.o\n.PHONY: xen\ncommon/three.o: common/three.c include/xen/offsets.h\n\tgcc -O2 -c $< -o $@\n',
  'common/one.c':
    '#include "../include/xen/shared.h"\nint one(int x)\n{\n    return twice(x);\n}\n\nint line(void)\n{\n    return __LINE__;\n}\n',
  'common/two.c':
    '#include "../include/xen/shared.h"\nint two(int x)\n{\n    return twice(x) + 1;\n}\n',
  'common/three.c':
    '#include "../include/xen/offsets.h"\nint three(void)\n{\n    return OFFSET;\n}\n',
}

/**
 * A compiled tree in `directory`, with the files that Xen's make would leave beside the objects.
 *
 * `common/two.o` is linked as `common/two.init.o`; offsets for assembler come from `offsets.h`. Its
 * make knows one object only.
 */
export function makeTinyBaseline(directory: string): Baseline {
  const xen = path.join(directory, 'xen')
  for (const [name, text] of Object.entries(TINY_SOURCES)) {
    mkdirSync(path.dirname(path.join(xen, name)), { recursive: true })
    writeFileSync(path.join(xen, name), text)
  }
  const run = (target: string, command: string, rest = ''): void => {
    execFileSync('sh', ['-c', command], { cwd: xen })
    const saved = `.${path.basename(target)}.cmd`
    writeFileSync(
      path.join(xen, path.dirname(target), saved),
      `cmd_${target} := ${command}\n${rest}`,
    )
  }
  const headers = { one: 'shared', two: 'shared', three: 'offsets' }
  for (const [name, header] of Object.entries(headers)) {
    const target = `common/${name}.o`
    const flags = `-O2 -g -ffile-prefix-map=${directory}=.`
    const command = `gcc ${flags} -c common/${name}.c -o common/.${name}.o.tmp`
    const rest = `\nsource_${target} := common/${name}.c\n\ndeps_${target} := \\\n  include/xen/${header}.h \\\n\n`
    run(target, command, rest)
    const rename = ['--redefine-sym', `${name}.c=common/${name}.c`]
    execFileSync('objcopy', [...rename, `common/.${name}.o.tmp`, target], { cwd: xen })
  }
  run(
    'common/two.init.o',
    'objcopy --rename-section .rodata=.init.rodata common/two.o common/two.init.o',
  )
  run(
    'common/built_in.o',
    'ld -r -o common/built_in.o common/one.o common/two.init.o common/three.o',
  )
  run('prelink.o', 'ld -r -o prelink.o common/built_in.o')
  const offsets = 'arch/x86/x86_64/asm-offsets.c'
  const depends = `asm-offsets.s: ${offsets} \\\n include/xen/offsets.h\n`
  writeFileSync(path.join(xen, '.asm-offsets.s.d'), depends)
  execFileSync('gcc', ['-O2', '-S', offsets, '-o', 'asm-offsets.s'], { cwd: xen })
  writeBaselineEntry(directory, {
    format: BASELINE_FORMAT,
    builtIn: directory,
    extraFlags: '',
    make: {},
    environment: {},
  })
  const index = readBuildIndex(xen)
  if (index === undefined) throw new Error('The tiny tree has no link')
  return {
    key: 'tiny',
    source: {
      directory,
      version: '4.17',
      record: undefined,
      packageVersion: undefined,
      contentKey: 'tiny',
      isAsFetched: undefined,
    },
    directory,
    compiler: 'gcc',
    objects: index.objects,
    cached: false,
  }
}
