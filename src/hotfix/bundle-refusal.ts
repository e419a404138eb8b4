import { describePayloadRefusal, type PayloadRefusal } from '../payload/payload-refusal.ts'
import { describeFixProblem, type FixProblem } from './fix-problem.ts'
import { BUNDLE_FORMAT_VERSION } from './manifest.ts'

/** Why a file is not a bundle that anything is done with. */
export type BundleRefusal =
  | { readonly kind: 'not-a-bundle'; readonly found: string }
  /** The file ends early. `wanted` is the least length it had. */
  | { readonly kind: 'cut'; readonly found: number; readonly wanted: number }
  /** A member has another sum than the bundle says; `found` and `wanted` are the sums. */
  | {
      readonly kind: 'altered-member'
      readonly member: string
      readonly found: string
      readonly wanted: string
    }
  /** Bytes around the members are not as every bundle has them. */
  | { readonly kind: 'altered-archive'; readonly part: string }
  | { readonly kind: 'unknown-format-version'; readonly found: number; readonly wanted: number }
  /** A field of the manifest. */
  | {
      readonly kind: 'malformed-manifest'
      readonly field: string
      readonly found: string
      readonly wanted: string
    }
  | { readonly kind: 'malformed-fix'; readonly problems: readonly FixProblem[] }
  | { readonly kind: 'malformed-payload'; readonly refusal: PayloadRefusal }
  | {
      readonly kind: 'malformed-study'
      readonly field: string
      readonly found: string
      readonly wanted: string
    }
  | { readonly kind: 'missing-member'; readonly member: string }
  | { readonly kind: 'unknown-member'; readonly member: string }
  /** The manifest says one thing, the member another. */
  | {
      readonly kind: 'contradiction'
      readonly member: string
      readonly field: string
      readonly found: string
      readonly wanted: string
    }

/** One sentence for people, or several lines; without the name of the file. */
export function describeBundleRefusal(refusal: BundleRefusal): string {
  switch (refusal.kind) {
    case 'not-a-bundle':
      return `is no hotfix bundle: ${refusal.found}`
    case 'cut':
      return `is cut: it has ${refusal.found} bytes, the whole bundle at least ${refusal.wanted}`
    case 'altered-member':
      return (
        `was altered: ${refusal.member} has the SHA-256 sum ${refusal.found}, ` +
        `the bundle says ${refusal.wanted}`
      )
    case 'altered-archive':
      return `was altered, or written by another program: ${refusal.part} is not as in a bundle`
    case 'unknown-format-version':
      return (
        `has version ${refusal.found} of the format; this release of Reweave reads version ` +
        `${BUNDLE_FORMAT_VERSION}`
      )
    case 'malformed-manifest': {
      const { field, found, wanted } = refusal
      return `has a malformed manifest: ${field === '' ? 'it' : field} is ${found}, wanted ${wanted}`
    }
    case 'malformed-study': {
      const { field, found, wanted } = refusal
      return `has a malformed splice.json: ${field === '' ? 'it' : field} is ${found}, wanted ${wanted}`
    }
    case 'malformed-fix':
      return ['holds no valid fix:', ...refusal.problems.map(describeFixProblem)].join('\n  ')
    case 'malformed-payload':
      return `holds no valid payload: ${describePayloadRefusal(refusal.refusal)}`
    case 'missing-member':
      return `lacks ${refusal.member}`
    case 'unknown-member':
      return `holds ${refusal.member}, which no bundle has or this one does not list`
    case 'contradiction': {
      const { member, field, found, wanted } = refusal
      return `contradicts itself: ${member} has ${field} ${found}, the manifest says ${wanted}`
    }
  }
}
