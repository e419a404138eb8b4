import { type AptRefusal, describeAptRefusal } from '../src/debian/apt-refusal.ts'
import { installCommand } from '../src/debian/install-command.ts'

/** Why this host cannot make a lab, with the facts that decided it. */
export type LabRefusal =
  | { readonly kind: 'packages-missing'; readonly packages: readonly string[] }
  | { readonly kind: 'not-bookworm'; readonly found: string }
  | { readonly kind: 'not-x86-64'; readonly found: string }
  | AptRefusal
  | {
      readonly kind: 'too-little-space'
      readonly directory: string
      readonly wantedBytes: number
      readonly foundBytes: number
    }

/** One sentence for people, and the one command to run where there is one. */
export function describeLabRefusal(refusal: LabRefusal): string {
  switch (refusal.kind) {
    case 'packages-missing':
      return `Cannot make the lab: Debian packages are missing and this is not root. Run: ${installCommand(refusal.packages)}`
    case 'not-bookworm':
      return `Cannot make the lab: it is built from Debian 12 (bookworm) packages, and this host is ${refusal.found}`
    case 'not-x86-64':
      return `Cannot make the lab: it needs an x86-64 host, and this one is ${refusal.found}`
    case 'no-debian-sources':
    case 'package-not-offered':
      return `Cannot make the lab: ${describeAptRefusal(refusal)}`
    case 'too-little-space':
      return `Cannot make the lab: ${refusal.directory} has ${mebibytes(refusal.foundBytes)} MiB free, wanted ${mebibytes(refusal.wantedBytes)}`
  }
}

/** Thrown by `prepareLab()`: nothing was started, and `refusal` says what this host lacks. */
export class LabNotPrepared extends Error {
  readonly code = 'lab-not-prepared'
  readonly refusal: LabRefusal

  constructor(refusal: LabRefusal) {
    super(describeLabRefusal(refusal))
    this.name = 'LabNotPrepared'
    this.refusal = refusal
  }
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20)
}
