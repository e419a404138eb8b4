/**
 * Writes docs/advisories-4.17.md from the data that comes with Reweave.
 *
 *     tools/run node tools/advisory-page.ts
 *
 * Run it after a change of `data/`. A test compares the page with the data.
 *
 * @module
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Advisory } from '../src/advisory/advisory.ts'
import { combineStatements, numbersOf } from '../src/advisory/combine-statements.ts'
import { renderExposureTable } from '../src/advisory/exposure-page.ts'
import type { BuildCatalogue } from '../src/advisory/fix-presence.ts'
import { readBuildCatalogue } from '../src/advisory/read-build-catalogue.ts'
import { readAdvisoryFile } from '../src/advisory/read-file.ts'
import type { HostEntry } from '../src/fleet/inventory.ts'
import { readInventory } from '../src/fleet/read-inventory.ts'

const BUILDS = 'data/builds.json'
const ROOT = path.resolve(import.meta.dirname, '..')

/** What comes with Reweave in `data/`. */
export interface ShippedData {
  readonly advisories: readonly Advisory[]
  readonly catalogue: BuildCatalogue
  /** The lab's machine, as `reweave inspect` saw it on a real Xen. */
  readonly lab: HostEntry
}

export function readShippedData(): ShippedData {
  // Only what is wrong about dates depends on the time, and a test holds the data to be right.
  const now = '2026-11-21T00:00:00.000Z'
  const files = globSync('data/advisories/*.json', { cwd: ROOT }).sort()
  const statements = files.flatMap(
    (file) => readAdvisoryFile(read(file), { name: path.basename(file), now }).statements,
  )
  const hosts = readInventory(JSON.parse(read('data/hosts/lab.json')))
  const [lab] = hosts.kind === 'hosts' ? hosts.hosts : []
  if (lab === undefined) throw new Error('data/hosts/lab.json holds no host')
  return {
    advisories: numbersOf(statements).map((xsa) => combineStatements(xsa, statements).advisory),
    catalogue: readBuildCatalogue(JSON.parse(read(BUILDS)), BUILDS).catalogue,
    lab,
  }
}

export const PAGE = path.join(ROOT, 'docs/advisories-4.17.md')

export function renderPage({ advisories, catalogue, lab }: ShippedData): string {
  const { facts } = lab
  const table = renderExposureTable({ advisories, facts, catalogue, branch: '4.17' })
  return `# The advisories behind Xen 4.17.5+72 to 4.17.7+13, on the lab's host

Debian's update of Xen from \`4.17.5+72-g01140da4e8-1\` to \`4.17.7+13-g2445b30a44-0+deb12u1\` names XSA-477
to XSA-523. This is what \`reweave exposure\` says of each, and of ten historical ones, about one real host:
the lab's machine with the older build, a PV and a PVH guest, as \`reweave inspect --json\` saw it
(\`data/hosts/lab.json\`).

The page is written by \`tools/advisory-page.ts\` from \`data/\`; \`test/advisory-answers.test.ts\` holds every
answer against one written by hand, with its reason. The conditions, each test with its source, are in
\`data/advisories/\`.

- **affected**: the host meets the advisory's condition, and what runs lacks the fix.
- **fixed**: what runs has the fix. The lab's Dom0 has newer tools and a newer kernel than its hypervisor.
- **unknown**: a fact is missing. Here that is what four advisories ask: their texts were not at hand, and
  Reweave does not guess. Debian's changelog says that the newer build has their fixes.
- What decides it: the facts that no other fact could outweigh. What lies inside the guests does not show
  from Dom0; it is declared in \`data/hosts/lab.json\`, as an operator does with \`reweave inventory add\`.

${table}
`
}

if (import.meta.main) writeFileSync(PAGE, renderPage(readShippedData()))

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}
