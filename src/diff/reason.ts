/**
 * Why a patch cannot be brought into a running hypervisor.
 *
 * @module
 */

/**
 * One obstacle, with what was found. All of them are listed, not only the first.
 *
 * `object` and `symbol` are undefined where the obstacle belongs to none. Facts are plain JSON.
 */
export type Reason = ReasonFacts & {
  /** The object as the build names it: `common/dm.o`. */
  readonly object: string | undefined
  /** The function, variable or type that it is about. */
  readonly symbol: string | undefined
}

export type ReasonKind = ReasonFacts['kind']

/** A reason without its object. */
export type ReasonIn = ReasonFacts & { readonly symbol: string | undefined }

/** Says in which object a reason was found. */
export function inObject(object: string | undefined, reason: ReasonIn): Reason {
  return { ...reason, object }
}

type ReasonFacts =
  /** A variable that exists already starts with another value. `at` is the first byte's offset. */
  | {
      readonly kind: 'data-changed'
      readonly section: string
      readonly at: number
      readonly before: string
      readonly after: string
    }
  /** A variable or visible constant has another size, or is gone while others may still use it. */
  | {
      readonly kind: 'data-removed-or-resized'
      readonly section: string
      readonly beforeBytes: number
      /** Undefined where it is gone. */
      readonly afterBytes: number | undefined
    }
  /** A constant differs, and these go on to use the one that is in memory. */
  | {
      readonly kind: 'constant-changed-elsewhere'
      readonly section: string
      readonly users: readonly string[]
    }
  | { readonly kind: 'per-cpu-added'; readonly section: string; readonly byteLength: number }
  | { readonly kind: 'per-cpu-changed'; readonly section: string }
  /** A new variable lies where only boot gives it a value or a meaning. */
  | { readonly kind: 'persistent-state'; readonly section: string; readonly byteLength: number }
  /** A variable that exists lies in memory that nobody may write to, and is to be written to. */
  | { readonly kind: 'became-writable'; readonly section: string }
  /** A variable is to lie on a rounder address than the one that it has. */
  | {
      readonly kind: 'alignment-raised'
      readonly section: string
      readonly before: number
      readonly after: number
    }
  /** A type has another layout, and memory holds some that were made with the old one. */
  | {
      readonly kind: 'layout-changed'
      readonly type: string
      /** Undefined where only the size differs. */
      readonly member: string | undefined
      readonly before: string
      readonly after: string
    }
  /** The debug information does not tell whether a type's layout changed. */
  | { readonly kind: 'layout-unknown'; readonly found: string }
  | { readonly kind: 'init-code-changed'; readonly section: string }
  | { readonly kind: 'init-data-changed'; readonly section: string }
  /** New code uses what was freed after boot. `user` is the new code. */
  | { readonly kind: 'init-reference'; readonly user: string; readonly section: string }
  /** A command line parameter was added, removed or changed. */
  | { readonly kind: 'boot-parameter-changed'; readonly section: string; readonly change: Change }
  | { readonly kind: 'initcall-changed'; readonly section: string; readonly change: Change }
  /** Another table that is only read during boot, or whose length the link fixes. */
  | { readonly kind: 'boot-table-changed'; readonly section: string; readonly change: Change }
  | {
      readonly kind: 'function-too-short'
      readonly byteLength: number
      readonly neededBytes: number
    }
  /** An object made from assembler differs. */
  | { readonly kind: 'assembler-changed'; readonly section: string }
  | { readonly kind: 'section-not-understood'; readonly section: string; readonly found: string }
  /** Neither the hypervisor nor the patch defines it. */
  | { readonly kind: 'symbol-unresolved'; readonly user: string }
  | {
      readonly kind: 'symbol-ambiguous'
      readonly user: string | undefined
      /** What it may stand for. */
      readonly candidates: readonly string[]
    }
  | {
      readonly kind: 'relocation-not-supported'
      readonly user: string
      readonly at: number
      readonly type: number
    }
  /** A symbol is of a kind that Xen cannot link: common, thread-local, indirect. */
  | { readonly kind: 'symbol-not-supported'; readonly found: string }
  | { readonly kind: 'common-symbol' }
  /** The object has several functions in one section, so that their distances are built in. */
  | { readonly kind: 'sections-not-split'; readonly section: string }
  /** A place that is not understood is referred to: between symbols, or outside a section. */
  | {
      readonly kind: 'reference-not-understood'
      readonly user: string
      readonly at: number
      readonly section: string
    }
  /** A variable leads to labels in a function that is replaced, and goes on to hold the old ones. */
  | { readonly kind: 'labels-in-variable'; readonly user: string; readonly section: string }
  /** Two new symbols would take the place of one in the hypervisor. */
  | { readonly kind: 'alias-split'; readonly names: readonly string[] }
  /** The function in the running build is not proven to be the one that was compiled. */
  | { readonly kind: 'baseline-not-proven'; readonly found: string }
  /** The patch brings code to be run while it is applied. */
  | { readonly kind: 'hook-needed'; readonly section: string }
  /** The whole object is new or gone, and so are its boot-time parts. */
  | { readonly kind: 'object-removed' }
  /** Two objects of the patch define one global symbol. */
  | { readonly kind: 'symbol-defined-twice'; readonly objects: readonly string[] }

export type Change = 'added' | 'removed' | 'changed'

/** One sentence: what was found, why it cannot be brought in live, and what to do. */
export function describeReason(reason: Reason): string {
  return `${whereOf(reason)}${sentenceOf(reason)}`
}

function whereOf(reason: Reason): string {
  return reason.object === undefined ? '' : `${reason.object}: `
}

function sentenceOf(reason: Reason): string {
  const symbol = reason.symbol ?? 'an unnamed part'
  switch (reason.kind) {
    case 'data-changed':
      return (
        `variable ${symbol} (${reason.section}) starts with ${reason.after} instead of ` +
        `${reason.before} at byte ${reason.at}, but the running hypervisor already holds its own ` +
        'value; set it by other means or reboot into the fixed build'
      )
    case 'data-removed-or-resized':
      return reason.afterBytes === undefined
        ? `${symbol} (${reason.section}, ${bytes(reason.beforeBytes)}) is gone while code that ` +
            'stays may still use it; keep it in the patch'
        : `${symbol} (${reason.section}) grows or shrinks from ${bytes(reason.beforeBytes)} to ` +
            `${bytes(reason.afterBytes)}, but its place in the running hypervisor is fixed; ` +
            'put what is new into a variable of its own'
    case 'constant-changed-elsewhere':
      return (
        `constant ${symbol} (${reason.section}) differs, but ${list(reason.users)} would go on to ` +
        'use the one in memory; change the functions that use it instead'
      )
    case 'per-cpu-added':
      return (
        `per-CPU variable ${symbol} (${bytes(reason.byteLength)}) is new, but the per-CPU areas ` +
        'were laid out at boot; use an array by CPU number instead'
      )
    case 'per-cpu-changed':
      return (
        `per-CPU variable ${symbol} (${reason.section}) differs, but the per-CPU areas were laid ` +
        'out at boot; keep it as it is'
      )
    case 'persistent-state':
      return (
        `variable ${symbol} is new in ${reason.section}, which only boot sets up, and boot is ` +
        'over; make it a plain variable whose start value is right'
      )
    case 'became-writable':
      return (
        `${symbol} is no longer constant, but it lies in ${reason.section}, which the running ` +
        'hypervisor protects from writes; put what changes into a variable of another name'
      )
    case 'alignment-raised':
      return (
        `${symbol} (${reason.section}) is to be aligned to ${bytes(reason.after)} instead of ` +
        `${reason.before}, but its place in the running hypervisor is fixed; ` +
        'keep the alignment or use a variable of another name'
      )
    case 'layout-changed': {
      const member = reason.member === undefined ? '' : `, member ${reason.member}`
      return (
        `${reason.type}${member} changes from ${reason.before} to ${reason.after}, but memory ` +
        'holds objects of the old layout; keep the layout'
      )
    }
    case 'layout-unknown':
      return `it is not known whether the layout of a type changed: ${reason.found}`
    case 'init-code-changed':
      return (
        `${symbol} (${reason.section}) runs only at boot, which is over, so its change can have ` +
        'no effect; leave it out of the patch or reboot into the fixed build'
      )
    case 'init-data-changed':
      return (
        `${symbol} (${reason.section}) is read only at boot, which is over, so its change can ` +
        'have no effect; leave it out of the patch or reboot into the fixed build'
      )
    case 'init-reference':
      return (
        `${reason.user} uses ${symbol} (${reason.section}), whose memory was freed after boot; ` +
        'bring a copy that is not marked as init'
      )
    case 'boot-parameter-changed':
      return (
        `command line parameter ${symbol} is ${reason.change} (${reason.section}), but the command ` +
        'line was read at boot; leave the parameter out of the patch'
      )
    case 'initcall-changed':
      return (
        `initcall ${symbol} is ${reason.change} (${reason.section}), but initcalls ran at boot; ` +
        'leave it out of the patch'
      )
    case 'boot-table-changed':
      return (
        `entry ${symbol} of ${reason.section} is ${reason.change}, but that table was fixed when ` +
        'the hypervisor was linked or read at boot; leave it out of the patch'
      )
    case 'function-too-short':
      return (
        `${symbol} has ${bytes(reason.byteLength)} and a jump over its entry needs ` +
        `${reason.neededBytes}; change its callers instead`
      )
    case 'assembler-changed':
      return (
        `${symbol} (${reason.section}) is written in assembler and differs, and nothing tells ` +
        'where its entries and exits are; change C code instead or write the fix by hand'
      )
    case 'section-not-understood':
      return (
        `section ${reason.section} differs or is needed, and ${reason.found}; ` +
        'take that part out of the patch'
      )
    case 'symbol-unresolved':
      return (
        `${reason.user} needs ${symbol}, which neither the running hypervisor nor the patch ` +
        'defines; check that the source is that of the running build'
      )
    case 'symbol-ambiguous': {
      const user = reason.user === undefined ? 'the patch' : reason.user
      const [only, another] = reason.candidates
      const candidates =
        only !== undefined && another === undefined
          ? `the hypervisor's ${only} or another of that name`
          : list(reason.candidates)
      return (
        `${user} needs ${symbol}, which may stand for ${candidates}; ` +
        'rename it in the patch so that only one is meant'
      )
    }
    case 'relocation-not-supported':
      return (
        `${reason.user} has a relocation of type ${reason.type} at byte ${reason.at}, which Xen's ` +
        'loader does not know; write that place differently'
      )
    case 'symbol-not-supported':
      return (
        `symbol ${symbol} is ${reason.found}, which cannot be linked into a running hypervisor; ` +
        'declare it otherwise'
      )
    case 'common-symbol':
      return (
        `${symbol} is a common symbol, which Xen's loader rejects; ` +
        'compile with -fno-common or give it a start value'
      )
    case 'sections-not-split':
      return (
        `${symbol} shares ${reason.section} with other functions, so that their distances are ` +
        'built into their code; compile with -ffunction-sections'
      )
    case 'reference-not-understood':
      return (
        `${reason.user} refers at byte ${reason.at} to a place in ${reason.section} that belongs ` +
        'to no symbol; write that place differently'
      )
    case 'labels-in-variable':
      return (
        `${reason.user} goes by ${symbol} (${reason.section}), a variable that leads to labels in ` +
        'code that is replaced, and memory goes on to hold those of the old; make it a constant'
      )
    case 'alias-split':
      return (
        `${list(reason.names)} share one function in the running hypervisor and differ after the ` +
        'patch, but its entry can lead to one place only; change a caller instead'
      )
    case 'baseline-not-proven':
      return (
        `${symbol} is not proven to be what runs: ${reason.found}; ` +
        'build with the compiler and the source of the running hypervisor'
      )
    case 'hook-needed':
      return (
        `${symbol} (${reason.section}) is to run while the patch is applied, and Reweave runs no ` +
        'hooks; take it out of the patch'
      )
    case 'object-removed':
      return 'the object is no longer built, but its code stays in memory; keep it in the patch'
    case 'symbol-defined-twice':
      return (
        `${symbol} is defined by ${list(reason.objects)}, and only one can be meant; ` +
        'rename one of them'
      )
  }
}

function bytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}

/** A few of the names, and how many there are beside them. */
function list(names: readonly string[]): string {
  const shown = names.length > 4 ? names.slice(0, 3) : names
  const more = names.length - shown.length
  const parts = more === 0 ? shown : [...shown, `${more} others`]
  if (parts.length < 2) return parts[0] ?? 'nothing'
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
