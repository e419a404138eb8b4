import type { RequiredPackage } from '../debian/required-packages.ts'

/** What Xen's makefiles call, by the packages that Debian 12 has it in. */
export const BUILD_TOOLS: readonly RequiredPackage[] = [
  { package: 'make', program: 'make' },
  { package: 'gcc', program: 'gcc' },
  { package: 'libc6-dev', program: '/usr/include/stdio.h' },
  { package: 'binutils', program: 'ld' },
  { package: 'flex', program: 'flex' },
  { package: 'bison', program: 'bison' },
  { package: 'python3', program: 'python3' },
]

/** What unpacking Debian's source takes. */
export const UNPACK_TOOLS: readonly RequiredPackage[] = [
  { package: 'dpkg-dev', program: 'dpkg-source' },
  { package: 'patch', program: 'patch' },
  { package: 'xz-utils', program: 'xz' },
]
