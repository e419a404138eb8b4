import type { Standing } from './standing.ts'

/** A way to bring a hotfix into the hypervisor. */
export type ChannelName = 'livepatch' | 'dma'

export const CHANNELS = ['auto', 'livepatch', 'dma'] as const

/** What an operator asks for. */
export type ChannelWish = (typeof CHANNELS)[number]

/** What a hotfix can be brought in by, and what this Xen takes. */
export interface ChannelFacts {
  readonly standing: Standing | undefined
  readonly hasLivepatchForm: boolean
  /** Why there is no splice form; undefined where there is one. */
  readonly noSplices: readonly string[] | undefined
  /** Why this Xen takes no livepatches; undefined where it does. */
  readonly noLivepatch: string | undefined
}

export type ChannelChoice =
  | { readonly kind: 'channel'; readonly channel: ChannelName; readonly why: string }
  /** The hotfix cannot be brought in so, on this host or on any. */
  | { readonly kind: 'no-form'; readonly wanted: ChannelWish; readonly reasons: readonly string[] }

/**
 * By which channel a hotfix is applied.
 *
 * One that is in already stays on the channel it is on, whatever was asked for. Of itself Reweave
 * prefers Xen's own livepatch, which knows about the code that it loads.
 */
export function chooseChannel(wish: ChannelWish, facts: ChannelFacts): ChannelChoice {
  const { standing } = facts
  if (standing !== undefined && (standing.channel === 'dma' || standing.state === 'applied')) {
    return chosen(standing.channel, 'that is how it got in')
  }
  const noLivepatch = facts.hasLivepatchForm
    ? facts.noLivepatch
    : 'the hotfix has no livepatch form: its changes were written by hand'
  const { noSplices } = facts
  switch (wish) {
    case 'livepatch':
      return noLivepatch === undefined
        ? chosen('livepatch', 'it was asked for')
        : { kind: 'no-form', wanted: wish, reasons: [noLivepatch] }
    case 'dma':
      return noSplices === undefined
        ? chosen('dma', 'it was asked for')
        : { kind: 'no-form', wanted: wish, reasons: splicesMissing(noSplices) }
    case 'auto':
      if (noLivepatch === undefined) return chosen('livepatch', 'Xen takes it')
      if (noSplices === undefined) return chosen('dma', noLivepatch)
      return { kind: 'no-form', wanted: wish, reasons: [noLivepatch, ...splicesMissing(noSplices)] }
  }
}

function chosen(channel: ChannelName, why: string): ChannelChoice {
  return { kind: 'channel', channel, why }
}

function splicesMissing(reasons: readonly string[]): readonly string[] {
  return reasons.length > 0 ? reasons : ['the hotfix has no splice form']
}
