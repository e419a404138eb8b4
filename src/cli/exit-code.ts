/**
 * What a command's exit status means. Stable: scripts depend on it.
 *
 * The table in docs/exit-codes.md is compared with this one by a test.
 */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done, or nothing to do' },
  breakage: { code: 1, meaning: 'Something broke that should not; the message says what' },
  usage: { code: 2, meaning: 'The command line is wrong' },
  notRoot: { code: 3, meaning: 'Not run as root' },
  notOnXen: { code: 4, meaning: "Not run in Xen's Dom0" },
  badFix: { code: 5, meaning: 'The fix file is missing, malformed or contradicts itself' },
  otherBuild: { code: 6, meaning: 'The fix is for another build of the hypervisor' },
  badSymbols: { code: 7, meaning: 'No symbols of the running build, or a file that holds none' },
  otherBytes: { code: 8, meaning: 'Memory holds other bytes than expected' },
  notSpliceSafe: { code: 9, meaning: 'A site cannot be switched while CPUs run' },
  iommu: { code: 10, meaning: 'An IOMMU confines Dom0, or its mode is unknown' },
  noEngine: { code: 11, meaning: 'No device can serve as a DMA engine' },
  engineFailed: { code: 12, meaning: 'The DMA engine failed its self-test or a transfer' },
  busy: { code: 13, meaning: 'Another reweave is at work on this host' },
  inDoubt: { code: 14, meaning: 'The fix is neither wholly in nor wholly out' },
  badBundle: { code: 15, meaning: 'The bundle is cut, altered, malformed or of another version' },
  noForm: { code: 16, meaning: 'The hotfix cannot be brought in through the channel asked for' },
  functionTaken: { code: 17, meaning: 'A function of it is patched by another hotfix already' },
  stackOrder: { code: 18, meaning: 'A livepatch stands on this one, or the one below is missing' },
  xenRefused: { code: 19, meaning: 'Xen refused the livepatch' },
  holeOpen: { code: 20, meaning: 'probe: the hole is open' },
  badStore: { code: 21, meaning: "A file of the controller's state cannot be read" },
  notCleared: { code: 22, meaning: 'The user may not read embargoed advisories' },
  badAdvisory: { code: 23, meaning: 'A file of advisories, or a part of one, was not taken in' },
  unknownAdvisory: { code: 24, meaning: 'The advisory is not known here' },
  badInventory: { code: 25, meaning: 'A file of hosts, or a part of one, was not taken in' },
  unknownHost: { code: 26, meaning: 'The host is not in the inventory' },
  xapiFailed: { code: 27, meaning: 'A pool could not be read from XAPI' },
  labFailed: { code: 30, meaning: 'lab or demo: a machine or a step of it failed' },
  labRefused: { code: 31, meaning: 'lab or demo: this machine lacks something it needs' },
  cannotPatch: {
    code: 40,
    meaning: 'build: the patch cannot be brought in live; all reasons are listed',
  },
  doesNotApply: { code: 41, meaning: 'build: the patch does not apply to this source' },
  baselineDiffers: { code: 42, meaning: 'build: what the source compiles to is not what runs' },
  otherCompiler: { code: 43, meaning: 'build: the base was compiled by another compiler' },
  otherSource: { code: 44, meaning: 'build: the source is of another version than the base' },
  sourceRefused: { code: 45, meaning: 'A source cannot be fetched, or cannot be built from' },
  onlyWithFuzz: { code: 46, meaning: 'build: the patch applies only with fuzz' },
  nothingToPatch: { code: 47, meaning: 'build: the patch changes nothing of this hypervisor' },
  needsTool: { code: 48, meaning: 'build: the patch changes tools of the control domain as well' },
  doesNotCompile: { code: 49, meaning: 'build: the patched source does not compile' },
  badPatch: { code: 50, meaning: 'build: the patch file is missing, malformed or of another kind' },
  alreadyApplied: { code: 51, meaning: 'build: the source has the patch already' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>

export type ExitName = keyof typeof EXIT_CODES

export function exitCode(name: ExitName): number {
  return EXIT_CODES[name].code
}
