import { linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import path from 'node:path'

/**
 * Puts a second name to each source and header of a compiled tree into `to`.
 *
 * Objects and saved commands stay out: they are what gets written. `except` are paths from the top
 * that are left out too.
 */
export function linkSources(from: string, to: string, except: ReadonlySet<string>): void {
  const walk = (folder: string): void => {
    mkdirSync(path.join(to, folder), { recursive: true })
    for (const entry of readdirSync(path.join(from, folder), { withFileTypes: true })) {
      const name = `${folder}/${entry.name}`
      if (entry.isDirectory()) walk(name)
      else if (entry.isSymbolicLink()) {
        symlinkSync(readlinkSync(path.join(from, name)), path.join(to, name))
      } else if (!except.has(name) && !isProduct(entry.name)) {
        linkSync(path.join(from, name), path.join(to, name))
      }
    }
  }
  walk('xen')
}

/** What a compiler's command writes. */
function isProduct(name: string): boolean {
  return /\.(?:o|d|tmp|cmd)$|^xen-syms|^xen(?:\.efi)?$/.test(name)
}
