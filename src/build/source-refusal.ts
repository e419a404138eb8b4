/** Why a directory cannot be built from. */
export type SourceRefusal =
  | { readonly kind: 'source-not-found'; readonly directory: string }
  /** It has no `xen/Makefile` that states a version. */
  | { readonly kind: 'not-a-xen-source'; readonly directory: string; readonly missing: string }
  | { readonly kind: 'no-config'; readonly directory: string; readonly wanted: string }
  /** Somebody built in it; what lies there would get into the build. */
  | { readonly kind: 'source-not-clean'; readonly directory: string; readonly found: string }
  | { readonly kind: 'bad-source-record'; readonly file: string; readonly problem: string }

/** One sentence for people, without a full stop, with what to do where there is something. */
export function describeSourceRefusal(refusal: SourceRefusal): string {
  switch (refusal.kind) {
    case 'source-not-found':
      return `Cannot build from ${refusal.directory}: there is no such directory`
    case 'not-a-xen-source':
      return (
        `Cannot build from ${refusal.directory}: it is no source of Xen (${refusal.missing} is ` +
        "missing); name the directory that holds xen/, or fetch one with 'reweave source fetch'"
      )
    case 'no-config':
      return (
        `Cannot build from ${refusal.directory}: it has no configuration; put the one of the ` +
        `running build (/boot/xen-*.config) to ${refusal.wanted}`
      )
    case 'source-not-clean':
      return (
        `Cannot build from ${refusal.directory}: something was built in it (${refusal.found}); ` +
        "save xen/.config, run 'make -C xen distclean' there, and put xen/.config back"
      )
    case 'bad-source-record':
      return `Cannot read ${refusal.file}: ${refusal.problem}`
  }
}
