import type { Bundle } from '../hotfix/bundle.ts'
import type { BuildReport } from './build-report.ts'

/** What a build says of a fix that was written by hand: nothing was compiled, and it is one form. */
export function reportOfFix({ manifest, fix }: Bundle, seconds: number): BuildReport {
  const changes = fix?.changes.length ?? 0
  return {
    verdict: 'built',
    name: manifest.name,
    base: manifest.base,
    patch: undefined,
    reasons: [],
    notes: [],
    functions: { changed: [], added: [] },
    objects: { compiled: [], changed: [] },
    baseline: undefined,
    forms: manifest.forms.map(({ kind, member }) => ({
      form: kind,
      possible: true,
      about: `a fix file with ${changes} change${changes === 1 ? '' : 's'}, brought in by DMA`,
      bytes: manifest.members.find(({ name }) => name === member)?.byteLength ?? 0,
      reasons: [],
    })),
    hotfix: undefined,
    seconds,
    stages: {},
  }
}
