/**
 * Which files of a source the hypervisor is built from, and a key for what is in them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'

/** From the top of the source: what `make -C xen` reads. */
export const BUILD_INPUTS = ['xen', 'Config.mk', 'config', 'version.sh', 'scripts'] as const

/** 32 hexadecimal digits that change with the name, the mode or a byte of any of these files. */
export function sourceContentKey(directory: string): string {
  const hash = createHash('sha256')
  for (const input of BUILD_INPUTS) {
    if (existsSync(path.join(directory, input))) hashEntry(directory, input, hash)
  }
  return hash.digest('hex').slice(0, 32)
}

function hashEntry(directory: string, name: string, hash: ReturnType<typeof createHash>): void {
  const file = path.join(directory, name)
  const stat = lstatSync(file)
  if (stat.isDirectory()) {
    for (const child of readdirSync(file).sort()) hashEntry(directory, `${name}/${child}`, hash)
    return
  }
  const isExecutable = (stat.mode & 0o100) !== 0
  const content = stat.isSymbolicLink() ? Buffer.from(readlinkSync(file)) : readFileSync(file)
  const kind = stat.isSymbolicLink() ? 'link' : isExecutable ? 'program' : 'file'
  hash.update(`${kind} ${Buffer.byteLength(name)} ${name} ${content.length}\n`).update(content)
}
