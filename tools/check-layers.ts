/**
 * Refuses an import that points upwards in ARCHITECTURE.md's layers.
 *
 * Each folder lists all it may import from besides itself. A folder that is missing here fails,
 * so that a new one has to take its place on purpose.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import path from 'node:path'

const FLOOR = ['address']
const FORMATS = [...FLOOR, 'elf', 'x86']
const IMAGE = [...FORMATS, 'image']
const PAYLOAD = [...IMAGE, 'diff', 'payload']
const MEMORY = [...PAYLOAD, 'memory', 'hotfix']
const SPLICE = [...MEMORY, 'splice']
const EDGE = [...SPLICE, 'xen', 'device']
const CHANNEL = [...EDGE, 'channel']
/** Edge folders that know nothing of Xen. */
const WORKSHOP = ['workshop', 'debian']
const BUILD = [...SPLICE, ...WORKSHOP, 'baseline', 'build']
const HOST = [...CHANNEL, 'host']
const ADVISORY = ['address', 'image', 'advisory']
const FLEET = [...ADVISORY, 'fleet']

/** Folder of `src/` (or a top folder) → the folders it may import from. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  address: [],
  elf: FLOOR,
  x86: FLOOR,
  image: FORMATS,
  diff: IMAGE,
  baseline: IMAGE,
  payload: [...IMAGE, 'diff'],
  memory: IMAGE,
  hotfix: PAYLOAD,
  workshop: [],
  debian: ['workshop'],
  build: BUILD,
  splice: MEMORY,
  xen: SPLICE,
  device: [...SPLICE, 'xen'],
  channel: EDGE,
  host: [...CHANNEL, 'advisory'],
  advisory: ['address', 'image'],
  fleet: ADVISORY,
  store: [...FLEET, ...HOST],
  xapi: FLEET,
  cli: [...HOST, ...BUILD, ...FLEET, 'store', 'xapi', 'lab', 'demo', 'trial'],
  lab: [...HOST, ...WORKSHOP],
  demo: [...HOST, ...WORKSHOP, 'lab'],
  trial: [...HOST, ...BUILD, 'lab'],
  bench: [...HOST, ...BUILD, ...FLEET, 'store', 'xapi', 'lab', 'demo', 'trial', 'cli'],
  test: [...HOST, ...BUILD, ...FLEET, 'store', 'xapi', 'lab', 'demo', 'trial', 'cli'],
  tools: [...HOST, ...BUILD, ...FLEET, 'store', 'xapi', 'lab', 'demo', 'trial', 'cli'],
}

/** Folders that must not reach the world: no `node:` modules, no edge packages. */
const PURE = new Set([
  'address',
  'elf',
  'x86',
  'image',
  'diff',
  'baseline',
  'payload',
  'memory',
  'hotfix',
  'splice',
  'advisory',
  'fleet',
])
/** Packages that the pure folders may use: they compute, and do nothing else. */
const PURE_PACKAGES = new Set(['iced-x86', 'yaml'])
/** Where a write grant may be made (architecture, rule 4). */
const GRANT_MAKERS = new Set(['src/splice/precheck.ts', 'src/memory/write-grant.ts'])

const root = path.resolve(import.meta.dirname, '..')
const files = globSync(
  ['src/**/*.ts', 'lab/**/*.ts', 'demo/**/*.ts', 'trial/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts'],
  {
    cwd: root,
  },
)
const problems: string[] = []

for (const file of files) {
  const source = readFileSync(path.join(root, file), 'utf8')
  const folder = folderOf(file)
  const allowed = LAYERS[folder]
  const isTest = /\.test\.ts$|\/testing\/|^test\//.test(file)
  if (allowed === undefined) {
    problems.push(
      `${file}: the folder '${folder}' has no layer; give it one in tools/check-layers.ts`,
    )
    continue
  }
  if (/\bissueWriteGrant\b/.test(source) && !GRANT_MAKERS.has(file) && !isTest) {
    problems.push(`${file}: only splice/precheck.ts makes a write grant`)
  }
  for (const imported of importsOf(source)) {
    if (imported.startsWith('.')) {
      const target = folderOf(path.relative(root, path.resolve(root, path.dirname(file), imported)))
      if (target !== folder && !allowed.includes(target) && !isTest) {
        problems.push(`${file}: '${folder}' may not import from '${target}' (${imported})`)
      }
    } else if (PURE.has(folder) && !isTest && !PURE_PACKAGES.has(imported)) {
      problems.push(`${file}: '${folder}' is pure and may not import '${imported}'`)
    }
  }
}

for (const problem of problems) console.error(problem)
console.log(`layers: ${files.length} files, ${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1

function folderOf(file: string): string {
  const [first = '', second = ''] = file.split(path.sep)
  return first === 'src' ? second : first
}

function importsOf(source: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g
  return [...source.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '')
}
