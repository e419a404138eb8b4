/**
 * What the hypervisor is linked from, read from the commands that its build saved.
 *
 * @module
 */
import type { BuiltObject } from './built-object.ts'
import { plainPath, type SavedCommand } from './saved-command.ts'

/** An object and the commands that make it, in order: compile, then rename sections, say. */
export interface PlannedObject extends BuiltObject {
  /** Targets of saved commands; the last is the object itself. */
  readonly steps: readonly string[]
}

/** Before the linker script is applied, everything is linked into this. */
export const LINK_ROOT = 'prelink.o'

/**
 * The objects that are linked in, in their order.
 *
 * Archives and partial links count as the objects in them. An object that is made from others by
 * another program (`unxz.init.o`, `libelf.o`) is one object with all of their dependencies.
 * Undefined without a command for `LINK_ROOT`.
 */
export function planLink(
  commands: ReadonlyMap<string, SavedCommand>,
): readonly PlannedObject[] | undefined {
  const root = commands.get(LINK_ROOT)
  if (root === undefined) return undefined
  const objects: PlannedObject[] = []
  const seen = new Set<string>()
  const visit = (target: string): void => {
    if (seen.has(target)) return
    seen.add(target)
    const saved = commands.get(target)
    if (saved !== undefined && isPartialLink(saved)) objectsIn(saved).forEach(visit)
    else objects.push(planObject(target, commands))
  }
  visit(root.target)
  return objects
}

/** `ld -r` and `ar`: nothing but putting together. */
function isPartialLink({ target, command }: SavedCommand): boolean {
  const name = target.split('/').at(-1) ?? ''
  return (
    /^(?:built_in\.o|prelink\.o|.*\.a)$/.test(name) &&
    /(?:^|[\s;/-])(?:ld(?:\.\w+)?\s(?:.*\s)?-r|ar\s+\w*c\w*)\s/.test(` ${command} `)
  )
}

/** The objects that a command reads. */
function objectsIn({ target, command }: SavedCommand): readonly string[] {
  const words = command.split(/[\s;]+/).filter((word) => /^[\w./+-]+\.(?:o|a)$/.test(word))
  return [...new Set(words.map(plainPath))].filter((word) => word !== target)
}

function planObject(name: string, commands: ReadonlyMap<string, SavedCommand>): PlannedObject {
  const steps: string[] = []
  const dependencies = new Set<string>()
  let source: string | undefined
  const visit = (target: string): void => {
    const saved = commands.get(target)
    if (saved === undefined || steps.includes(target)) return
    if (saved.source === undefined) objectsIn(saved).forEach(visit)
    else dependencies.add(saved.source)
    for (const dependency of saved.dependencies ?? []) dependencies.add(dependency)
    source ??= saved.source
    steps.push(target)
  }
  visit(name)
  return { name, source, isAssembler: source?.endsWith('.S') === true, dependencies, steps }
}
