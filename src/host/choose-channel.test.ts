import { describe, expect, it } from 'vitest'
import { type ChannelChoice, type ChannelFacts, CHANNELS, chooseChannel } from './choose-channel.ts'

/** A built hotfix, on a Xen that takes livepatches, that is not in. */
const BOTH: ChannelFacts = {
  standing: undefined,
  hasLivepatchForm: true,
  noSplices: undefined,
  noLivepatch: undefined,
}
const WRITTEN: ChannelFacts = { ...BOTH, hasLivepatchForm: false }
const NO_CONFIG = 'it was built without livepatching'

function inBrief(choice: ChannelChoice): string {
  return choice.kind === 'channel' ? choice.channel : `no form: ${choice.reasons.join('; ')}`
}

describe('chooseChannel()', () => {
  it.each([
    ['a built hotfix goes by livepatch', BOTH, 'auto', 'livepatch'],
    ['or by DMA if that is asked for', BOTH, 'dma', 'dma'],
    ['a written one goes by DMA', WRITTEN, 'auto', 'dma'],
    [
      'where Xen takes no livepatch, DMA is left',
      { ...BOTH, noLivepatch: NO_CONFIG },
      'auto',
      'dma',
    ],
    [
      'which is not what was asked for',
      { ...BOTH, noLivepatch: NO_CONFIG },
      'livepatch',
      `no form: ${NO_CONFIG}`,
    ],
    [
      'a written one has no livepatch',
      WRITTEN,
      'livepatch',
      'no form: the hotfix has no livepatch form: its changes were written by hand',
    ],
    [
      'what cannot be spliced does not go by DMA',
      { ...BOTH, noSplices: ['it has hooks'] },
      'dma',
      'no form: it has hooks',
    ],
    [
      'and where nothing is left, all reasons are told',
      { ...BOTH, noSplices: ['it has hooks'], noLivepatch: NO_CONFIG },
      'auto',
      `no form: ${NO_CONFIG}; it has hooks`,
    ],
  ] as const)('%s', (_claim, facts, wish, wanted) => {
    expect(inBrief(chooseChannel(wish, facts))).toBe(wanted)
  })

  it.each(CHANNELS)('stays on the channel by which it got in, asked for %s', (wish) => {
    const standing = {
      channel: 'livepatch',
      livepatch: 'reweave-xsa-506-5a5a5a5a',
      buildId: undefined,
      state: 'applied',
    } as const
    expect(inBrief(chooseChannel(wish, { ...BOTH, standing }))).toBe('livepatch')
  })

  it('does not count a payload that is loaded and not in use as in', () => {
    const standing = {
      channel: 'livepatch',
      livepatch: 'reweave-xsa-506-5a5a5a5a',
      buildId: undefined,
      state: 'loaded',
    } as const
    expect(inBrief(chooseChannel('dma', { ...BOTH, standing }))).toBe('dma')
  })

  it('says why it does not take the livepatch', () => {
    expect(chooseChannel('auto', { ...BOTH, noLivepatch: NO_CONFIG })).toEqual({
      kind: 'channel',
      channel: 'dma',
      why: NO_CONFIG,
    })
  })
})
