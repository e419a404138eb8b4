import { describeRange } from '../address/address-range.ts'
import { hex } from '../address/address.ts'
import { formatPlace } from '../hotfix/place-text.ts'
import type { PlanRefusal, UnfitCode, UnsafeSite } from './plan-refusal.ts'

/** One sentence for people: what was found, what was wanted. Nothing is written by planning. */
export function describePlanRefusal(refusal: PlanRefusal): string {
  if (!('change' in refusal)) return describeWhole(refusal)
  const change = `Change ${refusal.change + 1}`
  switch (refusal.kind) {
    case 'symbol-not-found':
      return `${change}: the image has no symbol ${refusal.place.symbol}`
    case 'symbol-ambiguous': {
      const names = refusal.candidates.map(
        ({ name, file, address }) =>
          `${file === undefined ? name : `${file}#${name}`} at ${hex(address)}`,
      )
      return `${change}: ${refusal.place.symbol} names ${names.length} symbols: ${names.join(', ')}`
    }
    case 'offset-outside-symbol':
      return (
        `${change}: ${formatPlace(refusal.place)} lies outside the symbol, ` +
        `which has ${bytes(refusal.byteLength)}`
      )
    case 'outside-text':
      return (
        `${change}: ${formatPlace(refusal.place)} lies in ${refusal.section ?? 'no section'}, ` +
        'and a site must lie in .text'
      )
    case 'expectation-differs-from-base':
      return (
        `${change}: the base build has ${hexBytes(refusal.found)} at ` +
        `${formatPlace(refusal.place)}, the fix expects ${hexBytes(refusal.wanted)}`
      )
    case 'not-splice-safe':
      return (
        `${change}: ${formatPlace(refusal.place)} cannot be switched while CPUs run: ` +
        describeUnsafe(refusal.reason)
      )
    case 'unfit-code':
      return `${change}: the code is unfit at ${hex(refusal.offset)}: ${describeUnfit(refusal.reason)}`
    case 'changes-overlap':
      return `${change} replaces bytes that change ${refusal.other + 1} replaces too`
    case 'no-room-in-padding':
      return `${change}: the padding behind .text has no ${bytes(refusal.byteLength)} free in a row`
  }
}

function describeWhole(refusal: Exclude<PlanRefusal, { change: number }>): string {
  switch (refusal.kind) {
    case 'other-base':
      return `The fix is for the build ${refusal.wanted}, the image is ${refusal.found}`
    case 'live-bytes-missing':
      return `The running image was not read at ${describeRange(refusal.range)}`
    case 'padding-not-recognised':
      return (
        'The padding behind .text ends neither in 0x00 nor in 0x90 nor in 0xcc alone, ' +
        `but in ${hexBytes(refusal.found)}`
      )
  }
}

function describeUnsafe(reason: UnsafeSite): string {
  switch (reason.kind) {
    case 'not-in-a-function':
      return 'no function of a known size has these bytes'
    case 'unclean-function':
      return (
        `the instructions of ${reason.function} are not known: at +${hex(reason.offset)} ` +
        (reason.reason === 'undecodable' ? 'none can be decoded' : 'one is branched into')
      )
    case 'cuts-instruction':
      return `the replaced bytes cut the instruction at +${hex(reason.offset)} of the function`
    case 'not-one-instruction':
      return `a detour replaces one instruction, these bytes are ${reason.instructions}`
    case 'other-instruction-lengths':
      return `the new bytes are not instructions of ${reason.wanted.join(', ')} bytes, one for one`
    case 'branch-into-instruction':
      return `the new bytes branch to ${hex(reason.target)}, where no instruction begins`
    case 'branch-into-replaced':
      return `the function branches to ${hex(reason.target)}, amid the bytes that change`
    case 'crosses-aligned-unit':
      return `${describeRange(reason.store)} crosses a multiple of 8, so no one store replaces it`
    case 'replaces-endbr64':
      return 'an endbr64 must stay, since indirect branches arrive there'
    case 'restarted-in-its-middle':
      return 'an interrupt can stop the instruction in its middle, and it then goes on from there'
    case 'instruction-too-short':
      return `a jump needs 2 bytes, the instruction has ${reason.byteLength}`
    case 'no-relay-in-reach':
      return 'only a jmp rel8 fits, and no 5 free bytes for a relay are in its reach'
    case 'named-by-table':
      return `${reason.table} names the instruction at ${hex(reason.at)} by its address`
  }
}

function describeUnfit(reason: UnfitCode): string {
  switch (reason.kind) {
    case 'undecodable':
      return 'no instruction can be decoded there'
    case 'falls-off-its-end':
      return 'the last instruction goes on behind the end; it must be a jmp, a ret or a ud2'
    case 'hole-is-no-operand':
      return 'the hole is not exactly an operand that such a relocation can fill'
    case 'hole-is-not-last':
      return 'a pc32 hole must end its instruction'
    case 'branch-into-instruction':
      return `it branches to +${hex(reason.target)} of the code, where no instruction begins`
    case 'branch-without-relocation':
      return 'a branch out of the code needs a relocation'
    case 'operand-without-relocation':
      return 'an operand relative to rip needs a relocation'
    case 'indirect-branch':
      return 'indirect branches are not allowed'
    case 'unsupported-instruction':
      return 'interrupts and transactions are not allowed'
    case 'target-is-no-instruction':
      return `no instruction of .text begins at ${formatPlace(reason.target)}`
    case 'branch-to-own-site':
      return 'it branches to the site that leads to it, without end'
    case 'target-out-of-reach':
      return `${formatPlace(reason.target)} is out of reach of 32 bits`
  }
}

function hexBytes(from: Uint8Array): string {
  return Array.from(from, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function bytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
