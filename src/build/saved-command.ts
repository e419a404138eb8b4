/**
 * The `.NAME.cmd` files that Xen's build leaves beside what it makes: by which command, from which
 * files.
 *
 * Written by `tools/fixdep` and by `cmd_and_record` (xen/scripts/Kbuild.include, since Xen 4.15).
 *
 * @module
 */

export interface SavedCommand {
  /** What was made, from `xen/`: `common/dm.o`. */
  readonly target: string
  /** For a shell, to be run in `xen/`. */
  readonly command: string
  /** `common/dm.c`. Undefined for what is made by linking. */
  readonly source: string | undefined
  /** Without the source; generated files among them. Undefined where none are recorded. */
  readonly dependencies: readonly string[] | undefined
}

/** Reads such a file, or undefined for one that holds no command. */
export function parseSavedCommand(text: string): SavedCommand | undefined {
  const match = /^cmd_(\S+) := *(.*)$/m.exec(text)
  if (match === null) return undefined
  const [, target = '', command = ''] = match
  const source = /^source_\S+ := *(\S+)$/m.exec(text)?.[1]
  const listed = /^deps_\S+ := *\\?\n?((?:.*\\\n)*.*)$/m.exec(text)?.[1]
  return {
    target: plainPath(target),
    // Make halves these when it reads the file back.
    command: command.replaceAll('$$', '$').replaceAll('$(pound)', '#'),
    source: source === undefined ? undefined : plainPath(source),
    dependencies: listed === undefined ? undefined : dependenciesIn(listed),
  }
}

/** Prerequisites, without those that stand for a configuration option. */
function dependenciesIn(listed: string): string[] {
  return listed
    .replaceAll(/\$\(wildcard [^)]*\)/g, ' ')
    .split(/[\s\\]+/)
    .filter((word) => word !== '')
    .map(plainPath)
}

/** `./include/public/hvm/../xen.h` → `include/public/xen.h`. */
export function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue
    const last = parts.at(-1)
    if (part === '..' && last !== undefined && last !== '' && last !== '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/')
}
