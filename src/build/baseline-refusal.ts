import { installCommand } from '../debian/install-command.ts'
import type { ToolsMissing } from '../debian/required-packages.ts'

/** Why a source cannot be compiled to what the base image is. */
export type BaselineRefusal =
  | ToolsMissing
  | { readonly kind: 'source-other-version'; readonly found: string; readonly wanted: string }
  | { readonly kind: 'compiler-missing'; readonly program: string; readonly wanted: string }
  | { readonly kind: 'other-compiler'; readonly found: string; readonly wanted: string }
  | {
      readonly kind: 'source-does-not-compile'
      readonly directory: string
      readonly lastWords: readonly string[]
    }
  /** The build left no record of what is linked from what: another build system than is known. */
  | { readonly kind: 'unknown-build-layout'; readonly missing: string }
  /** The cache's path has a character that makefiles and shells would read. */
  | { readonly kind: 'path-not-buildable'; readonly directory: string; readonly found: string }
  | {
      readonly kind: 'too-little-space'
      readonly directory: string
      readonly wantedBytes: number
      readonly foundBytes: number
    }

/** One sentence for people, without a full stop, with what to do where there is something. */
export function describeBaselineRefusal(refusal: BaselineRefusal): string {
  switch (refusal.kind) {
    case 'tools-missing':
      return (
        `Cannot compile Xen: ${refusal.programs.join(', ')} missing. ` +
        `Run: ${installCommand(refusal.packages)}`
      )
    case 'source-other-version':
      return (
        `The source is of another version: it is ${refusal.found}, and the base was built from ` +
        refusal.wanted
      )
    case 'compiler-missing':
      return (
        `Cannot compile Xen: there is no program ${refusal.program}; the base was compiled by ` +
        refusal.wanted
      )
    case 'other-compiler':
      return `This is another compiler: found ${refusal.found}, the base was compiled by ${refusal.wanted}`
    case 'source-does-not-compile':
      return (
        `The unpatched source in ${refusal.directory} does not compile:\n  ` +
        refusal.lastWords.join('\n  ')
      )
    case 'unknown-build-layout':
      return (
        `Cannot tell what the hypervisor is linked from: the build left no ${refusal.missing}; ` +
        'known are the build systems since Xen 4.17'
      )
    case 'path-not-buildable':
      return (
        `Cannot compile Xen in ${refusal.directory}: the path has ` +
        `${JSON.stringify(refusal.found)}, which makefiles cannot take; set REWEAVE_BUILD to another`
      )
    case 'too-little-space':
      return (
        `Cannot compile Xen: ${refusal.directory} has ${mebibytes(refusal.foundBytes)} MiB free, ` +
        `wanted ${mebibytes(refusal.wantedBytes)}`
      )
  }
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20)
}
