import { hex, type VirtualAddress } from '../address/address.ts'
import type { BuildId } from '../image/build-id.ts'
import { bytesAsHex } from '../splice/bytes-as-hex.ts'
import { describeXenAnswer, type XenAnswer } from './livepatch-answer.ts'
import type { IndependenceRefusal } from './livepatch-independence.ts'
import type { DependencyConflict } from './livepatch-stack.ts'

/** Why a livepatch action was not done. What is applied is what was applied before. */
export type LivepatchRefusal =
  /** The payload is for another build of Xen than runs. */
  | { readonly kind: 'other-build'; readonly found: BuildId; readonly wanted: BuildId }
  /** Xen takes payloads of the other layout only. */
  | { readonly kind: 'payload-version'; readonly found: number; readonly wanted: number }
  | { readonly kind: 'too-large'; readonly foundBytes: number; readonly wantedAtMostBytes: number }
  /** A function that the payload replaces is not, or not only once, in the image. */
  | { readonly kind: 'function-not-found'; readonly name: string }
  | { readonly kind: 'function-ambiguous'; readonly name: string }
  /** Something was spliced into the function by DMA, by the journal of this boot. */
  | {
      readonly kind: 'spliced'
      readonly name: string
      readonly fix: string
      readonly place: string
      readonly certain: boolean
    }
  | DependencyConflict
  | { readonly kind: 'not-on-top'; readonly name: string; readonly top: string }
  /** Another tool loaded it. */
  | { readonly kind: 'not-ours'; readonly name: string }
  | { readonly kind: 'still-applied'; readonly name: string }
  /** A replace takes back all payloads, these of other tools too. */
  | { readonly kind: 'would-revert-others'; readonly names: readonly string[] }
  /** A replace cannot keep a payload that is applied already, among others. */
  | { readonly kind: 'replaces-itself'; readonly name: string }
  /** A replace whose payload has such hooks is refused by Xen. */
  | { readonly kind: 'hooks-forbid-replace'; readonly hooks: readonly string[] }
  /** With every payload reverted, these bytes would not be those that the payload expects. */
  | {
      readonly kind: 'expectation-differs'
      readonly name: string
      readonly at: VirtualAddress
      readonly found: Uint8Array | undefined
      readonly wanted: Uint8Array
    }
  /** Boot may have put other bytes there than were linked. */
  | { readonly kind: 'expectation-uncertain'; readonly name: string; readonly at: VirtualAddress }
  | IndependenceRefusal
  /** This Xen has no NODEPS: of payloads that stand on the build itself, one at a time. */
  | { readonly kind: 'nodeps-not-known' }
  | { readonly kind: 'xen'; readonly answer: XenAnswer; readonly attempts: number }

/** One sentence for people. */
export function describeLivepatchRefusal(refusal: LivepatchRefusal): string {
  return `${sentence(refusal)}; nothing was changed`
}

function sentence(refusal: LivepatchRefusal): string {
  switch (refusal.kind) {
    case 'other-build':
      return `The payload is for build ${refusal.wanted}, and this host runs ${refusal.found}`
    case 'payload-version':
      return (
        `The payload has layout ${refusal.found}, and the Xen that runs takes layout ` +
        `${refusal.wanted}`
      )
    case 'too-large':
      return (
        `The payload has ${refusal.foundBytes} bytes, and Xen takes at most ` +
        `${refusal.wantedAtMostBytes}`
      )
    case 'function-not-found':
      return `The payload replaces ${refusal.name}, which the image does not have`
    case 'function-ambiguous':
      return `The payload replaces ${refusal.name}, and the image has several of that name`
    case 'spliced': {
      const doubt = refusal.certain ? 'was spliced' : 'may have been spliced'
      return (
        `${refusal.fix} ${doubt} into ${refusal.name} by DMA (${refusal.place}): ` +
        'revert it there first'
      )
    }
    case 'other-dependency':
      return describeDependency(refusal)
    case 'not-on-top':
      return `${refusal.name} lies under ${refusal.top}: revert that first`
    case 'not-ours':
      return `Another tool loaded ${refusal.name}, and Reweave touches its own payloads only`
    case 'still-applied':
      return `${refusal.name} is applied: revert it first`
    case 'would-revert-others':
      return `The replace would revert what other tools applied: ${refusal.names.join(', ')}`
    case 'replaces-itself':
      return `${refusal.name} is applied already, among others, and cannot replace them`
    case 'hooks-forbid-replace':
      return `A payload with hooks cannot replace others: ${refusal.hooks.join(', ')}`
    case 'expectation-differs': {
      const found = refusal.found === undefined ? 'nothing' : bytesAsHex(refusal.found)
      return (
        `At ${hex(refusal.at)} in ${refusal.name} the payload expects ` +
        `${bytesAsHex(refusal.wanted)}, and the build has ${found}`
      )
    }
    case 'expectation-uncertain':
      return (
        `At ${hex(refusal.at)} in ${refusal.name} boot may have put other bytes than the payload ` +
        'expects, and a replace would find out too late'
      )
    case 'livepatched':
      return `${refusal.name} is replaced by ${refusal.by}, another livepatch: revert that one first`
    case 'stack-unknown':
      return (
        `Xen would replace ${refusal.name} whatever is there, and it is not known what ` +
        `${refusal.livepatches.join(', ')} replaced: unload that with the tool that loaded it`
      )
    case 'nodeps-not-known':
      return (
        'The Xen that runs puts a payload only on the one that it names (one beside another: since ' +
        '4.14): revert what is applied first, or build one hotfix of both patches'
      )
    case 'xen':
      return (
        describeXenAnswer(refusal.answer) +
        (refusal.attempts > 1 ? `, after ${refusal.attempts} attempts` : '')
      )
  }
}

function describeDependency({ wanted, found, top }: DependencyConflict): string {
  if (top === undefined) {
    return `The payload stands on ${wanted}, and no payload is applied to build ${found}`
  }
  const which = found === undefined ? '' : `, with build-id ${found}`
  return `The payload stands on ${wanted}, and on top of the stack is ${top}${which}`
}
