import { type Atom, labelOf } from './atom.ts'

const SHOWN_BYTES = 8

/** What an atom holds from `at` on, for messages: what is referred to, or a few bytes. */
export function dataAsText(atom: Atom, at: number): string {
  const reference = atom.references.find((one) => one.at === at)
  if (reference !== undefined) {
    const { target } = reference
    switch (target.kind) {
      case 'atom':
        return target.atom.meaning === 'string' ? quoted(target) : `&${labelOf(target.atom)}`
      case 'nowhere':
        return `&${target.section}+0x${target.offset.toString(16)}`
      default:
        return `&${target.name}`
    }
  }
  const length = Math.min(SHOWN_BYTES, atom.byteLength - at)
  if (length <= 0) return 'nothing'
  const bytes = atom.bytes?.subarray(at, at + length) ?? new Uint8Array(length)
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function quoted(target: { readonly atom: Atom; readonly offset: number }): string {
  const bytes = target.atom.bytes?.subarray(target.offset) ?? []
  const text = [...bytes].filter((byte) => byte !== 0).map((byte) => String.fromCodePoint(byte))
  return JSON.stringify(text.join(''))
}
