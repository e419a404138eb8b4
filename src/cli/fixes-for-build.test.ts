import { describe, expect, it } from 'vitest'
import { sha256 } from '../host/sha256.ts'
import { BUILT } from '../hotfix/testing/made-up-bundle.ts'
import { type BundleDraft, writeBundle } from '../hotfix/write-bundle.ts'
import { fixesForBuild } from './fixes-for-build.ts'

function channelsOf(draft: Partial<BundleDraft>): readonly unknown[] {
  const fixes = fixesForBuild(writeBundle({ ...BUILT, ...draft }, sha256))
  return fixes.map(({ channel, refused }) => [channel, refused])
}

const livepatch = BUILT.forms.filter(({ kind }) => kind === 'livepatch')

describe('fixesForBuild()', () => {
  it('counts a built hotfix for both channels, for its build alone', () => {
    const fixes = fixesForBuild(writeBundle(BUILT, sha256))
    expect(fixes.map(({ channel }) => channel)).toEqual(['livepatch', 'dma'])
    for (const fix of fixes) {
      expect(fix).toMatchObject({
        name: 'xsa-506',
        advisory: 'XSA-506',
        buildId: BUILT.base.buildId,
        refused: undefined,
      })
    }
  })

  it('says why one cannot be spliced in', () => {
    const reasons = ['it has hooks', 'it has bug frames']
    const splice = {
      kind: 'splice',
      member: 'payload.livepatch',
      reasons,
      sideBySide: undefined,
      study: undefined,
    } as const
    expect(channelsOf({ forms: [...livepatch, splice], study: undefined })).toEqual([
      ['livepatch', undefined],
      ['dma', 'it has hooks; it has bug frames'],
    ])
  })

  it('counts none for DMA where there is no such form', () => {
    expect(channelsOf({ forms: livepatch, study: undefined })).toEqual([['livepatch', undefined]])
  })

  it('counts none that answers no advisory', () => {
    expect(channelsOf({ advisory: undefined })).toEqual([])
  })
})
