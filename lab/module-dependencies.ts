/**
 * Which kernel modules a set of modules needs, from depmod's `modules.dep`.
 *
 * @module
 */

export interface ModuleDependencies {
  /** The module's file, relative to the kernel's module folder, by the module's name. */
  readonly files: ReadonlyMap<string, string>
  /** What each file needs directly or indirectly, as depmod lists it: nearest first. */
  readonly needs: ReadonlyMap<string, readonly string[]>
}

/** Reads `modules.dep`: `FILE: NEEDED NEEDED …` on each line (modules.dep(5)). */
export function parseModuleDependencies(text: string): ModuleDependencies {
  const files = new Map<string, string>()
  const needs = new Map<string, readonly string[]>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const file = line.slice(0, colon)
    files.set(moduleName(file), file)
    needs.set(
      file,
      line
        .slice(colon + 1)
        .split(' ')
        .filter((word) => word !== ''),
    )
  }
  return { files, needs }
}

export type LoadOrder =
  | { readonly kind: 'ordered'; readonly files: readonly string[] }
  | { readonly kind: 'unknown-modules'; readonly names: readonly string[] }

/** The files of these modules and of all they need, each behind what it needs. */
export function loadOrder(dependencies: ModuleDependencies, names: readonly string[]): LoadOrder {
  const unknown = names.filter((name) => !dependencies.files.has(moduleName(name)))
  if (unknown.length > 0) return { kind: 'unknown-modules', names: unknown }
  const ordered = new Set<string>()
  for (const name of names) {
    const file = dependencies.files.get(moduleName(name))
    if (file === undefined) continue
    // depmod's order is the order of removal; loading goes the other way.
    for (const needed of (dependencies.needs.get(file) ?? []).toReversed()) ordered.add(needed)
    ordered.add(file)
  }
  return { kind: 'ordered', files: [...ordered] }
}

/** `kernel/drivers/xen/xen-evtchn.ko` and `xen-evtchn` → `xen_evtchn`, as the kernel names it. */
function moduleName(file: string): string {
  const last = file.slice(file.lastIndexOf('/') + 1)
  return last.replace(/\.ko$/, '').replaceAll('-', '_')
}
