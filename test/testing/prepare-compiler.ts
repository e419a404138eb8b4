import { installCommand } from '../../src/debian/install-command.ts'
import { type RequiredPackage, requirePackages } from '../../src/debian/required-packages.ts'

/** What unit tests make real objects with, and compare with. */
const TEST_TOOLS: readonly RequiredPackage[] = [
  { package: 'gcc', program: 'gcc' },
  { package: 'libc6-dev', program: '/usr/include/stdio.h' },
  { package: 'binutils', program: 'objdump' },
  { package: 'patch', program: 'patch' },
  { package: 'diffutils', program: 'diff' },
]

/** Sees to it that they are there before the first unit test, on a fresh machine too. */
export async function setup(): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`)
  const missing = await requirePackages(TEST_TOOLS, progress)
  if (missing === undefined) return
  throw new Error(
    `The tests need ${missing.programs.join(', ')}. Run: ${installCommand(missing.packages)}`,
  )
}
