import { describe, expect, it } from 'vitest'
import { dmaReachesXen, iommuModeFrom } from './iommu-mode.ts'

const BOOT = '(XEN) I/O virtualisation enabled\n(XEN)  - Dom0 mode: Relaxed\n'

describe('iommuModeFrom()', () => {
  it('takes the missing capability for disabled', () => {
    const mode = iommuModeFrom({
      iommuEnabled: false,
      consoleRing: '(XEN) I/O virtualisation disabled',
    })
    expect(mode.kind).toBe('disabled')
    expect(dmaReachesXen(mode)).toBe(true)
  })

  it.each([
    ['Relaxed', 'relaxed', false],
    ['Strict', 'strict', false],
    ['Passthrough', 'passthrough', true],
  ] as const)('reads Dom0 mode %s from the boot log', (word, kind, reaches) => {
    const mode = iommuModeFrom({
      iommuEnabled: true,
      consoleRing: BOOT.replace('Relaxed', word),
    })
    expect(mode.kind).toBe(kind)
    expect(dmaReachesXen(mode)).toBe(reaches)
  })

  it('calls a wrapped ring unknown, and unknown does not reach', () => {
    const mode = iommuModeFrom({ iommuEnabled: true, consoleRing: '(XEN) later messages' })
    expect(mode.kind).toBe('unknown')
    expect(dmaReachesXen(mode)).toBe(false)
  })

  it.each(['(XEN) [    1.234567] ', '(XEN) [2026-01-02 03:04:05] '])(
    'reads it behind a time stamp: %s',
    (prefix) => {
      const consoleRing = BOOT.replaceAll('(XEN) ', prefix)
      expect(iommuModeFrom({ iommuEnabled: true, consoleRing })).toEqual({
        kind: 'relaxed',
        evidence: '- Dom0 mode: Relaxed',
      })
    },
  )

  it.each(['(d1)  - Dom0 mode: Passthrough', '(XEN) (d1)  - Dom0 mode: Passthrough'])(
    'does not take what a guest prints for what Xen says: %s',
    (line) => {
      const mode = iommuModeFrom({ iommuEnabled: true, consoleRing: `${line}\n(XEN) later\n` })
      expect(mode.kind).toBe('unknown')
    },
  )

  it('calls contradicting sources unknown', () => {
    const mode = iommuModeFrom({ iommuEnabled: false, consoleRing: BOOT })
    expect(mode.kind).toBe('unknown')
    expect(dmaReachesXen(mode)).toBe(false)
  })
})
