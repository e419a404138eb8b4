import { hex } from '../../address/address.ts'
import { describeRange } from '../../address/address-range.ts'
import { bytesAsHex } from '../bytes-as-hex.ts'
import { describeLinkRefusal } from '../../payload/link-refusal.ts'
import { describeEntryFixed } from '../entry/describe-entry-fixed.ts'
import type { SpliceRefusal } from './splice-refusal.ts'

/** One sentence for people. In every case nothing was written. */
export function describeSpliceRefusal(refusal: SpliceRefusal): string {
  switch (refusal.kind) {
    case 'other-base':
      return `Cannot splice the payload in: it is for ${refusal.wanted}, the symbols are of ${refusal.found}`
    case 'hooks':
      return `Cannot splice the payload in: it has hooks (${refusal.hooks.join(', ')}), which only Xen's loader can run`
    case 'writable-data':
      return (
        `Cannot splice the payload in: it brings ${refusal.byteLength} bytes of writable data ` +
        `(${refusal.section}), and there is no place for them that the hypervisor may write to`
      )
    case 'bug-frames':
      return (
        `Cannot splice the payload in: its code has bug frames (${refusal.count}), which Xen would ` +
        'not find'
      )
    case 'exceptions':
      return (
        `Cannot splice the payload in: its code has entries in the exception table ` +
        `(${refusal.count}), which Xen would not find`
      )
    case 'not-linkable':
      return describeLinkRefusal(refusal.refusal)
    case 'no-such-function':
      return `Cannot replace ${refusal.function}: no function begins at ${hex(refusal.at)}`
    case 'nops-in-place':
      return `Cannot replace ${refusal.function}: the payload puts NOPs over it, which is no single store`
    case 'expectation-differs-from-base':
      return (
        `Cannot replace ${refusal.function}: the build has ${bytesAsHex(refusal.found)} at its ` +
        `entry, the payload expects ${bytesAsHex(refusal.wanted)}`
      )
    case 'study-does-not-fit':
      return `Cannot splice the payload in: what the hotfix says of the build is about ${refusal.about}`
    case 'clobbers-more':
      return (
        `Cannot replace ${refusal.function}: its new code overwrites ${listed(refusal.registers)}, ` +
        `which the old code of ${refusal.caller} may rely on when it calls it`
      )
    case 'nothing-to-switch':
      return 'Cannot splice the payload in: nothing in the build leads to any of its functions'
    case 'lock-protocol-may-differ':
      return (
        'Cannot splice the payload in while CPUs may run the old code beside the new: the old ' +
        `calls ${listed(refusal.old)}, the new ${listed(refusal.new)}`
      )
    case 'entry-fixed':
      return `Cannot switch ${refusal.function} to its new code: ${describeEntryFixed(refusal.fixed)}`
    case 'entry-not-as-linked':
      return (
        `Cannot replace ${refusal.function}: memory holds ${bytesAsHex(refusal.found)} at its ` +
        `entry, the build has ${bytesAsHex(refusal.wanted)}; something else patched it`
      )
    case 'no-room':
      return (
        `Cannot find room for ${refusal.what}: it takes ${refusal.byteLength} bytes, and the ` +
        `longest free run has ${refusal.foundBytes}`
      )
    case 'feature-unknown':
      return `Cannot tell whether Xen found CPU feature ${describeFeature(refusal.feature)}: ${
        refusal.evidence.kind === 'none'
          ? 'no code that boot made by it shows'
          : `the code at ${hex(refusal.evidence.present)} says yes, at ${hex(refusal.evidence.absent)} no`
      }`
    case 'pointer-leads-nowhere':
      return (
        `Cannot make a call direct: the pointer at ${hex(refusal.pointer)} holds ` +
        `${hex(refusal.found)}, where no function begins`
      )
    case 'out-of-reach':
      return `Cannot jump from ${hex(refusal.from)} to ${hex(refusal.to)}: it is too far`
    case 'meets-bug-frame':
      return `Cannot put ${refusal.section} where there is room: its ud2 at ${hex(refusal.at)} would be taken for another`
    case 'looks-like-padding':
      return `Cannot put ${refusal.section} into padding: its bytes are those of padding`
    case 'live-bytes-missing':
      return `Cannot plan without the live bytes of ${describeRange(refusal.range)}`
    case 'padding-not-recognised':
      return (
        'Cannot tell what is free in the padding behind .text: it ends with ' +
        bytesAsHex(refusal.found)
      )
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'no lock functions' : names.join(', ')
}

function describeFeature(feature: number): string {
  return `${Math.floor(feature / 32)}*32+${feature % 32}`
}
