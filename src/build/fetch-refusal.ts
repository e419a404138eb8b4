import { type AptRefusal, describeAptRefusal } from '../debian/apt-refusal.ts'
import { installCommand } from '../debian/install-command.ts'
import type { ToolsMissing } from '../debian/required-packages.ts'
import { describeSourceRefusal, type SourceRefusal } from './source-refusal.ts'

/** Why a source was not fetched. Nothing was written to where it should go. */
export type FetchRefusal =
  | AptRefusal
  | ToolsMissing
  /** It is listed, but could not be had or unpacked: a mirror lacks it, or is out of reach. */
  | {
      readonly kind: 'fetch-failed'
      readonly package: string
      readonly version: string
      readonly complaints: readonly string[]
    }
  /** The directory holds something else, which is left as it is. */
  | {
      readonly kind: 'directory-taken'
      readonly directory: string
      /** The source in it, or undefined where it holds none that was fetched. */
      readonly found: string | undefined
      readonly wanted: string
    }
  /** What the package holds cannot be built from. */
  | SourceRefusal

/** One sentence for people, without a full stop, with what to do where there is something. */
export function describeFetchRefusal(refusal: FetchRefusal): string {
  switch (refusal.kind) {
    case 'no-debian-sources':
    case 'package-not-offered':
      return `Cannot fetch the source: ${describeAptRefusal(refusal)}`
    case 'tools-missing':
      return (
        `Cannot unpack the source: ${refusal.programs.join(', ')} missing. ` +
        `Run: ${installCommand(refusal.packages)}`
      )
    case 'fetch-failed':
      return (
        `Cannot fetch the source of ${refusal.package} ${refusal.version}:\n  ` +
        refusal.complaints.join('\n  ')
      )
    case 'directory-taken':
      return (
        `Cannot put ${refusal.wanted} into ${refusal.directory}: it holds ` +
        `${refusal.found ?? 'something else'}; name another directory with --to`
      )
    default:
      return describeSourceRefusal(refusal)
  }
}
