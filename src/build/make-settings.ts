import type { MakeVariables } from './debian-make-variables.ts'
import type { SourceTree } from './source-tree.ts'

// Fixed, so that two builds of one source are equal. None of it gets into code.
const PLAIN: MakeVariables = {
  make: {
    XEN_COMPILE_ARCH: 'x86_64',
    XEN_TARGET_ARCH: 'x86_64',
    XEN_BUILD_DATE: 'Thu Jan  1 00:00:00 UTC 1970',
    XEN_BUILD_TIME: '00:00:00',
  },
  environment: { SOURCE_DATE_EPOCH: '0' },
}

const WHO = { XEN_WHOAMI: 'reweave', XEN_DOMAIN: 'reweave', XEN_BUILD_HOST: 'reweave' }

/**
 * What a compilation gets of this process's environment. Xen's makefiles and gcc read many more, such
 * as CFLAGS, MAKEFLAGS and CPATH, which would get into what the cache keeps for everyone.
 */
export const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'] as const

/** The variables by which a source is built: its distribution's, or plain ones. */
export function makeSettings(source: SourceTree, compiler: string): MakeVariables {
  const { make, environment } = source.record ?? PLAIN
  return {
    make: { ...WHO, ...make, CC: compiler },
    // The build must not fetch anything.
    environment: { ...environment, WGET: '/bin/false', GIT: '/bin/false' },
  }
}

/**
 * What is added to the compiler's options in a build in `directory`.
 *
 * The maps keep the directory's name out of the code. `-g` adds debug information and no code: all
 * 424 objects of Debian's 4.17.5 come out the same with and without it, apart from that.
 */
export function extraCompilerFlags(directory: string): string {
  return `-ffile-prefix-map=${directory}=. -fdebug-prefix-map=${directory}=. -g`
}

/** `A=b` words for make's command line. */
export function makeArguments(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`)
}
