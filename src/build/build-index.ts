/**
 * What is known of a compiled tree: its commands, its objects, and what else was made from sources.
 *
 * @module
 */
import { existsSync, globSync, lstatSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { type PlannedObject, planLink } from './link-plan.ts'
import { parseSavedCommand, plainPath, type SavedCommand } from './saved-command.ts'

export interface BuildIndex {
  /** By what they make. */
  readonly commands: ReadonlyMap<string, SavedCommand>
  readonly objects: readonly PlannedObject[]
  /** Sources of what is no object, as far as saved: generated headers, linker scripts, host tools. */
  readonly generatorInputs: ReadonlySet<string>
  /** What `asm-offsets.h` is made from. */
  readonly offsetInputs: ReadonlySet<string>
}

/** Reads what a build left in `xen`; undefined where it does not say what it linked. */
export function readBuildIndex(xen: string): BuildIndex | undefined {
  const commands = new Map<string, SavedCommand>()
  for (const file of globSync('**/.*.cmd', { cwd: xen })) {
    const saved = parseSavedCommand(readFileSync(path.join(xen, file), 'latin1'))
    if (saved !== undefined) commands.set(saved.target, resolveLinks(saved, xen))
  }
  const objects = planLink(commands)
  if (objects === undefined) return undefined
  const linked = new Set(objects.flatMap(({ steps }) => steps))
  const generatorInputs = new Set<string>()
  for (const saved of commands.values()) {
    if (linked.has(saved.target)) continue
    if (saved.source !== undefined) generatorInputs.add(saved.source)
    for (const dependency of saved.dependencies ?? []) generatorInputs.add(dependency)
  }
  return { commands, objects, generatorInputs, offsetInputs: new Set(offsetInputs(xen)) }
}

/** With the files that links lead to: a patch names `common/efi/boot.c`, make `arch/x86/efi/`'s. */
function resolveLinks(saved: SavedCommand, xen: string): SavedCommand {
  const { source, dependencies } = saved
  if (source === undefined) return saved
  const file = path.join(xen, source)
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return saved
  const real = path.relative(realpathSync(xen), realpathSync(file))
  return { ...saved, source: real, dependencies: [...(dependencies ?? []), source] }
}

/** The rule behind `asm-offsets.h` saves no command, only make's dependencies. */
function offsetInputs(xen: string): readonly string[] {
  const file = path.join(xen, '.asm-offsets.s.d')
  if (!existsSync(file)) return []
  const words = readFileSync(file, 'latin1').split(/[\s\\]+/)
  return words.filter((word) => word !== '' && !word.endsWith(':')).map(plainPath)
}
