import { diffObjects, type ObjectDiff } from '../../src/diff/diff-objects.ts'
import { compileC } from './compile-c.ts'

/** The diff of two C sources, each compiled as Xen compiles. */
export function diffSources(
  before: string,
  after: string,
  flags: readonly string[] = [],
): ObjectDiff {
  return diffObjects(
    { name: 'common/a.o', elf: compileC('a.c', before, flags) },
    { name: 'common/a.o', elf: compileC('a.c', after, flags) },
  )
}
