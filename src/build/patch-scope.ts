/**
 * What a path in a patch means for the hypervisor on x86.
 *
 * @module
 */

/**
 * `hypervisor`: its code is made from it. `tool`: a program of the control domain or the firmware
 * of guests. `build`: it decides how all of the hypervisor is made. `elsewhere`: nothing here
 * depends on it. `unknown`: no place of Xen's source, as where a patch is made from another folder.
 */
export type PathScope = 'hypervisor' | 'tool' | 'build' | 'elsewhere' | 'unknown'

// Folders as in Xen 4.7 to 4.21. The first that matches decides.
const SCOPES: readonly (readonly [RegExp, PathScope])[] = [
  // A new file of a patch that was made beside a folder named xen.
  [/^xen\/xen\//, 'unknown'],
  // Other architectures.
  [/^xen\/(?:arch|drivers(?:\/[\w-]+)*)\/(?:arm|riscv|ppc)\//, 'elsewhere'],
  [/^xen\/include\/(?:asm-(?:arm|riscv|ppc)|public\/arch-(?:arm|riscv|ppc))/, 'elsewhere'],
  [/^xen\/(?:test|configs)\//, 'elsewhere'],
  [
    /^xen\/(?:COPYING|README|CODING_STYLE|\.gitignore)|^xen\/[\w/.-]*\.(?:md|txt|rst)$/,
    'elsewhere',
  ],
  // A running hypervisor keeps its configuration, its link order and its compiler's options.
  [/^(?:Config\.mk|config\/|version\.sh|scripts\/)/, 'build'],
  [/^xen\/(?:Makefile|Rules\.mk|build\.mk|scripts\/|tools\/)/, 'build'],
  [/^xen\/[\w/.-]*(?:Kconfig[\w.]*|\.lds\.S|arch\.mk|Rules\.mk|_defconfig)$/, 'build'],
  [/^xen\//, 'hypervisor'],
  // Programs that only test or fuzz are not installed.
  [/^tools\/(?:tests|fuzz)\//, 'elsewhere'],
  [/^(?:tools|stubdom|extras)\//, 'tool'],
  [/^(?:docs|automation|misc|m4|unmodified_drivers|debian|LICENSES|\.\w+)\//, 'elsewhere'],
  // At the top: documents, and what makes and installs the tools.
  [/^(?:[A-Z_]+|Makefile|\.[\w.-]+|[\w.-]+\.(?:md|txt|rst|yml|yaml|ac|sh))$/, 'elsewhere'],
]

export function scopeOf(path: string): PathScope {
  return SCOPES.find(([pattern]) => pattern.test(path))?.[1] ?? 'unknown'
}
