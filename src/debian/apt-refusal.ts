/** What the host's apt sources do not offer, with the facts that decided it. */
export type AptRefusal =
  | { readonly kind: 'no-debian-sources'; readonly looked: readonly string[] }
  | {
      readonly kind: 'package-not-offered'
      readonly package: string
      readonly wanted: string
      readonly offered: readonly string[]
    }

/** A clause for people, to stand behind what was to be done. */
export function describeAptRefusal(refusal: AptRefusal): string {
  switch (refusal.kind) {
    case 'no-debian-sources':
      return `no apt source of this host offers Debian bookworm's main component (looked in ${refusal.looked.join(', ')})`
    case 'package-not-offered':
      return `the host's apt sources do not offer ${refusal.package} ${refusal.wanted} (found ${refusal.offered.length === 0 ? 'none' : refusal.offered.join(', ')})`
  }
}

/** Thrown by `Apt`: nothing was fetched, and `refusal` says what is not offered. */
export class AptRefused extends Error {
  readonly code = 'apt-refused'
  readonly refusal: AptRefusal

  constructor(refusal: AptRefusal) {
    super(`Cannot fetch Debian packages: ${describeAptRefusal(refusal)}`)
    this.name = 'AptRefused'
    this.refusal = refusal
  }
}
