/** Why a patch is not for this source, or not for this tool. */
export type PatchRefusal =
  | { readonly kind: 'patch-malformed'; readonly line: number; readonly problem: string }
  /** Well-formed, but more than a unified diff of text. */
  | { readonly kind: 'patch-not-supported'; readonly line: number; readonly problem: string }
  | { readonly kind: 'patch-empty' }
  | { readonly kind: 'path-outside'; readonly path: string }
  /** Not from the top of the source, or from another one. */
  | { readonly kind: 'path-unknown'; readonly path: string }
  | { readonly kind: 'file-missing'; readonly path: string }
  /** The patch creates a file that is there, with other content. */
  | { readonly kind: 'file-exists'; readonly path: string }
  | {
      readonly kind: 'does-not-apply'
      readonly path: string
      readonly hunk: number
      /** Where the patch wanted it. */
      readonly line: number
      /** The first line that it expects there and that is not there, and what is; or the end. */
      readonly wanted: string | undefined
      readonly found: string | undefined
    }
  | {
      readonly kind: 'applies-only-with-fuzz'
      readonly path: string
      readonly hunk: number
      readonly line: number
      /** How many lines of context would have to be passed over. */
      readonly fuzz: number
    }
  | { readonly kind: 'already-applied'; readonly path: string; readonly hunks: number }
  /** What it changes in this file is there, and what it changes in others is not. */
  | { readonly kind: 'partly-applied'; readonly path: string; readonly others: readonly string[] }
  /** It changes nothing from which the hypervisor is made on x86. */
  | { readonly kind: 'touches-no-hypervisor'; readonly paths: readonly string[] }
  /** Besides the hypervisor, it changes programs of the control domain. */
  | { readonly kind: 'needs-rebuilt-tool'; readonly paths: readonly string[] }
  /** What it changes decides how everything is built. */
  | { readonly kind: 'changes-the-build'; readonly paths: readonly string[] }

/** One sentence for people, without a full stop. */
export function describePatchRefusal(refusal: PatchRefusal): string {
  switch (refusal.kind) {
    case 'patch-malformed':
      return `The patch is malformed at its line ${refusal.line}: ${refusal.problem}`
    case 'patch-not-supported':
      return `The patch is not supported, at its line ${refusal.line}: ${refusal.problem}`
    case 'patch-empty':
      return 'The patch is empty: it holds no hunk of a unified diff'
    case 'path-outside':
      return `The patch names a path outside of the source: ${refusal.path}`
    case 'path-unknown':
      return (
        `The patch does not apply: ${refusal.path} is no file of Xen's source; patches name files ` +
        'from its top, as xen/common/domain.c, with one leading folder or none'
      )
    case 'file-missing':
      return `The patch does not apply: the source has no file ${refusal.path}`
    case 'file-exists':
      return `The patch does not apply: it creates ${refusal.path}, which the source has`
    case 'does-not-apply':
      return (
        `The patch does not apply: hunk ${refusal.hunk} of ${refusal.path}, at line ` +
        `${refusal.line}, wants ${quotedLine(refusal.wanted)} and finds ${quotedLine(refusal.found)}`
      )
    case 'applies-only-with-fuzz':
      return (
        `The patch applies only with fuzz ${refusal.fuzz}: hunk ${refusal.hunk} of ` +
        `${refusal.path}, at line ${refusal.line}, has other lines around it; take the ` +
        "advisory's patch for this version"
      )
    case 'already-applied':
      return `The patch is in this source already: all ${refusal.hunks} hunks of ${refusal.path} are there`
    case 'partly-applied':
      return (
        `The patch is in this source in part: its changes to ${refusal.path} are there, those to ` +
        `${refusal.others.join(', ')} are not; take the advisory's patch for this version`
      )
    case 'touches-no-hypervisor':
      return `The patch touches nothing of the hypervisor on x86: ${refusal.paths.join(', ')}`
    case 'needs-rebuilt-tool':
      return `The patch needs a rebuilt tool besides the hypervisor: ${refusal.paths.join(', ')}`
    case 'changes-the-build':
      return `The patch changes how the hypervisor is built: ${refusal.paths.join(', ')}`
  }
}

function quotedLine(line: string | undefined): string {
  return line === undefined ? 'the end of the file' : JSON.stringify(line)
}
