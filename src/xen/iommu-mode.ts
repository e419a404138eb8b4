/**
 * Whether an IOMMU stands between Dom0's devices and Xen's image.
 *
 * `unknown` is a mode of its own and confines as far as Reweave is concerned: it never guesses.
 */
export type IommuMode =
  | { readonly kind: 'disabled'; readonly evidence: string }
  | { readonly kind: 'passthrough'; readonly evidence: string }
  | { readonly kind: 'relaxed'; readonly evidence: string }
  | { readonly kind: 'strict'; readonly evidence: string }
  | { readonly kind: 'unknown'; readonly evidence: string }

/**
 * The mode from what Xen says about itself.
 *
 * `iommuEnabled` is PHYSCAP_directio and decides alone when it is false. Dom0's mode stands only
 * in the boot messages (`iommu_hardware_setup()` in Xen's drivers/passthrough/iommu.c), and the
 * ring that holds them may have wrapped.
 */
export function iommuModeFrom(facts: {
  readonly iommuEnabled: boolean
  readonly consoleRing: string
}): IommuMode {
  const enabledLine = ownLine('I/O virtualisation (en|dis)abled').exec(facts.consoleRing)
  if (!facts.iommuEnabled) {
    // The two sources must not contradict each other.
    if (enabledLine?.[1] === 'en') {
      return { kind: 'unknown', evidence: 'physinfo says disabled, the boot log says enabled' }
    }
    return { kind: 'disabled', evidence: 'Xen reports no directio capability' }
  }
  const modeLine = ownLine(' - Dom0 mode: (Passthrough|Relaxed|Strict)').exec(facts.consoleRing)
  const evidence =
    modeLine === null
      ? 'the boot log holds no "Dom0 mode:" line'
      : `- Dom0 mode: ${modeLine[1] ?? ''}`
  switch (modeLine?.[1]) {
    case 'Passthrough':
      return { kind: 'passthrough', evidence }
    case 'Relaxed':
      return { kind: 'relaxed', evidence }
    case 'Strict':
      return { kind: 'strict', evidence }
    default:
      return { kind: 'unknown', evidence }
  }
}

/** A line of Xen's own: what a guest prints is in the same ring, behind `(d1)`. */
function ownLine(pattern: string): RegExp {
  return new RegExp(`^\\(XEN\\) (?:\\[[^\\]]*\\] )?${pattern}`, 'm')
}

/**
 * Whether a device of Dom0 reaches Xen's image in this mode.
 *
 * Relaxed maps all memory but Xen's own image (facts for VT-d since 4.2 and AMD since 4.12).
 * Older AMD hosts would work in relaxed mode; without a way to tell them apart for certain, no.
 */
export function dmaReachesXen(mode: IommuMode): boolean {
  return mode.kind === 'disabled' || mode.kind === 'passthrough'
}
