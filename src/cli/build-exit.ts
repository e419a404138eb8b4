import type { BuildReport, BuildVerdict } from '../build/build-report.ts'
import type { ExitName } from './exit-code.ts'

/** The end that a report stands for; scripts tell refusals apart by it. */
// Of several reasons the exit is that of their kind only if all of them have it: a patch of which
// one hunk wants fuzz and another fits nowhere does not apply.
export function buildExit({
  verdict,
  reasons,
}: Pick<BuildReport, 'verdict' | 'reasons'>): ExitName {
  const { otherwise, byKind } = EXITS[verdict]
  const exits = new Set(reasons.map(({ kind }) => byKind[kind] ?? otherwise))
  const [exit] = exits
  return exits.size === 1 && exit !== undefined ? exit : otherwise
}

interface VerdictExits {
  readonly otherwise: ExitName
  readonly byKind: Readonly<Record<string, ExitName>>
}

/** By verdict, then by the kind of a reason. `docs/formats/build-report.md` is compared with it. */
export const EXITS: Readonly<Record<BuildVerdict, VerdictExits>> = {
  built: { otherwise: 'ok', byKind: {} },
  'does-not-apply': {
    otherwise: 'doesNotApply',
    byKind: {
      'applies-only-with-fuzz': 'onlyWithFuzz',
      'already-applied': 'alreadyApplied',
      'patch-malformed': 'badPatch',
      'patch-not-supported': 'badPatch',
      'patch-empty': 'badPatch',
      'path-outside': 'badPatch',
    },
  },
  'baseline-differs': {
    otherwise: 'baselineDiffers',
    byKind: {
      'other-compiler': 'otherCompiler',
      'compiler-missing': 'otherCompiler',
      'source-other-version': 'otherSource',
      'tools-missing': 'sourceRefused',
      'path-not-buildable': 'sourceRefused',
      'too-little-space': 'sourceRefused',
      'unknown-build-layout': 'sourceRefused',
      'source-does-not-compile': 'sourceRefused',
    },
  },
  refused: {
    otherwise: 'cannotPatch',
    byKind: {
      'touches-no-hypervisor': 'nothingToPatch',
      'not-in-this-build': 'nothingToPatch',
      'nothing-replaced': 'nothingToPatch',
      'needs-rebuilt-tool': 'needsTool',
      'does-not-compile': 'doesNotCompile',
    },
  },
}
