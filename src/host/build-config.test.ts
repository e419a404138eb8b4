import { describe, expect, it } from 'vitest'
import { parseBuildConfig } from './build-config.ts'

describe('parseBuildConfig()', () => {
  it('reads options, and texts without their quotes', () => {
    const text = [
      '# Automatically generated file; DO NOT EDIT.',
      'CONFIG_HVM=y',
      '# CONFIG_SHADOW_PAGING is not set',
      'CONFIG_NR_CPUS=256',
      'CONFIG_SCHED_DEFAULT="credit2"',
    ].join('\n')
    expect(parseBuildConfig(text)).toEqual({
      options: { CONFIG_HVM: 'y', CONFIG_NR_CPUS: '256', CONFIG_SCHED_DEFAULT: 'credit2' },
      whole: true,
    })
  })

  it('does not take a text without options for a configuration that sets none', () => {
    expect(parseBuildConfig('')).toBeUndefined()
    expect(parseBuildConfig('permission denied')).toBeUndefined()
  })
})
