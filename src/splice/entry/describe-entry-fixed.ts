import { hex } from '../../address/address.ts'
import type { EntryObstacle, TriedSite, UnfitSite } from './entry-obstacle.ts'
import type { EntryFixed } from './entry-switch.ts'

/** Why the function's calls cannot be sent elsewhere, for people; no full stop at the end. */
export function describeEntryFixed({ reason, tried }: EntryFixed): string {
  const obstacle = describeObstacle(reason)
  return tried.length === 0 ? obstacle : `${describeTried(tried)}; ${obstacle}`
}

function describeObstacle(reason: EntryObstacle): string {
  switch (reason.kind) {
    case 'freed-after-boot':
      return `it lies in ${reason.section}, which is freed after boot`
    case 'outside-text':
      return `it lies in ${reason.section ?? 'no section'} and not in .text`
    case 'no-size':
      return 'its symbol has no size, so its end is not known'
    case 'part-of-a-function':
      return `it is a part of ${reason.whole}, which jumps to it and does not call it`
    case 'unclean':
      return (
        `its instructions are not known: at +${hex(reason.offset)} ` +
        (reason.reason === 'undecodable' ? 'none can be decoded' : 'one is branched into')
      )
    case 'loops-to-entry':
      return 'it jumps back to its entry, so not all that runs there is a call'
    case 'jumps-indirectly':
      return `it jumps at +${hex(reason.offset)} to where a register or memory says`
    case 'entered-behind-entry':
      return `something jumps or points to ${hex(reason.target)}, behind its entry`
    case 'alternative':
      return `boot replaces its bytes at +${hex(reason.offset)} according to the CPU's features`
    case 'cannot-be-undone':
      return `at +${hex(reason.offset)} \`${reason.instruction}\` cannot be undone`
    case 'loses-register':
      return `at +${hex(reason.offset)} \`${reason.instruction}\` loses what ${reason.register} held at the call`
  }
}

/** `no free bytes for a relay in reach of +0x0, +0x2; +0x4 is too short` */
function describeTried(tried: readonly TriedSite[]): string {
  const groups = Map.groupBy(tried, ({ why }) => why)
  return Array.from(groups, ([why, sites]) => {
    const offsets = sites.map(({ offset }) => `+${hex(offset)}`).join(', ')
    return describeUnfit(why, offsets, sites.length > 1)
  }).join('; ')
}

function describeUnfit(why: UnfitSite, at: string, several: boolean): string {
  const are = several ? 'are' : 'is'
  switch (why) {
    case 'endbr64':
      return `${at} ${are} an endbr64, which has to stay`
    case 'too-short':
      return `${at} ${are} too short for a jump`
    case 'exception-table':
      return `the exception table names ${at}`
    case 'bug-frame':
      return `Xen reads ${at} again after a trap`
    case 'entered-in-its-middle':
      return `something may jump into the middle of ${at}`
    case 'restarted-in-its-middle':
      return `an interrupt can stop ${at} in its middle`
    case 'crosses-aligned-unit':
      return `a jump at ${at} would cross a multiple of 8`
    case 'no-relay-in-reach':
      return `no free bytes for a relay are in reach of ${at}`
  }
}
