/**
 * What an operator should know of a patch that can be brought in.
 *
 * @module
 */

/** Facts are plain JSON, as those of a reason are. */
export type Note = NoteFacts & { readonly object: string; readonly symbol: string }

type NoteFacts =
  /** It starts with the value of a fresh boot. */
  | { readonly kind: 'variable-added'; readonly section: string; readonly byteLength: number }
  /** It stays in memory, and nothing new uses it. */
  | { readonly kind: 'variable-removed' }
  | { readonly kind: 'function-removed' }
  /** New code uses a new copy; pointers that were stored before lead to the old one. */
  | { readonly kind: 'constant-replaced'; readonly section: string }
  /** It was freed after boot, so a copy comes along. */
  | { readonly kind: 'init-code-copied' }
  /** It takes in what the patch edits, and ran at boot as it was. */
  | { readonly kind: 'init-code-differs' }
  /** New code refers to what was freed after boot, as the old code did; `user` is the function. */
  | { readonly kind: 'init-reference-kept'; readonly user: string }

/** One sentence for people. */
export function describeNote(note: Note): string {
  const name = `${note.object}: ${note.symbol}`
  switch (note.kind) {
    case 'variable-added':
      return (
        `${name} is a new variable of ${note.byteLength} ` +
        `${note.byteLength === 1 ? 'byte' : 'bytes'} (${note.section}) and starts with ` +
        'its value at boot'
      )
    case 'variable-removed':
      return `${name} is no longer used by new code and keeps its place and value`
    case 'function-removed':
      return `${name} is no longer called by new code and stays in memory`
    case 'constant-replaced':
      return (
        `${name} (${note.section}) comes as a new copy; pointers to it that were stored before ` +
        'lead to the old one'
      )
    case 'init-code-copied':
      return `${name} was init code and is no longer; a copy comes along`
    case 'init-code-differs':
      return (
        `${name} is init code that takes in what the patch changes; it ran at boot with the old ` +
        'code, and what it set up then stays as it is'
      )
    case 'init-reference-kept':
      return (
        `${name} was freed after boot, and ${note.user} refers to it as before; ` +
        'its source must keep that part from running now'
      )
  }
}
