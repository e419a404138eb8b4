/**
 * The kit: Reweave as it runs in a lab machine's Dom0, on a read-only disk of its own.
 *
 *     kit-KEY/kit.img   ext4, label reweave-kit, on /opt/reweave in Dom0:
 *
 *     reweave                       the launcher, in Dom0's PATH
 *     reweave.mjs                   src/cli/main.ts, bundled
 *     programs/NAME.mjs             test/dom0/NAME.ts, bundled
 *     node_modules/                 what cannot be bundled: native code and WebAssembly
 *     fixes/                        the checkout's
 *     symbols/BUILD-ID/xen-syms
 *
 * Node itself is on Dom0's disk: it is large and seldom changes, and the kit is made anew after
 * every edit of the sources.
 *
 * @module
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'
import { cacheKey, findOrBuild } from '../src/workshop/build-cache.ts'
import { makeDiskImage } from './disk-image.ts'
import type { HypervisorParts } from './parts.ts'

/** Raised when the kit's layout changes. */
const FORMAT = 1

const CHECKOUT = path.resolve(import.meta.dirname, '..')
const MAIN = 'src/cli/main.ts'
const LAUNCHER = 'lab/kit/launcher.sh'

/** Packages beside the bundle, with those of their files that run. */
const EXTERNAL_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@koromix/koffi-linux-x64': ['package.json', 'index.js', 'linux_x64/koffi.node'],
  'iced-x86': ['package.json', 'iced_x86.js', 'iced_x86_bg.wasm'],
  koffi: ['package.json', 'index.js', 'src/koffi/index.js', 'src/koffi/src/static.js'],
}

/**
 * Modules that main.ts loads when their command is asked for, and the kit does without.
 *
 * By their whole paths: `./advisory.ts` would also be a module of that name in another folder.
 */
const CHECKOUT_COMMANDS = [
  'lab',
  'demo',
  'advisory',
  'assess',
  'coverage',
  'exposure',
  'inventory',
  'vex',
  'source',
  'build',
].map((command) => path.join(CHECKOUT, 'src/cli', `${command}.ts`))

export interface KitOptions {
  readonly hypervisors: readonly HypervisorParts[]
  readonly cacheDirectory: string
  readonly progress: (line: string) => void
}

/** A file of the kit: where it goes, and its bytes. */
interface KitFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly executable: boolean
}

/** The kit made from the sources as they are now, from the cache or made now. */
export async function findOrBuildKit(options: KitOptions): Promise<string> {
  const { cacheDirectory: directory, progress } = options
  const files = [
    ...(await bundlePrograms()),
    ...copiedFiles(),
    ...options.hypervisors.map(symbolFile),
  ]
  const key = kitKey(files)
  const found = await findOrBuild({ directory, name: 'kit', key, progress }, async (part) => {
    progress('Making the kit that runs in Dom0')
    const tree = path.join(part, 'tree')
    for (const { name, bytes, executable } of files) {
      const file = path.join(tree, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, bytes, { mode: executable ? 0o755 : 0o644 })
    }
    const file = path.join(part, 'kit.img')
    await makeDiskImage({ label: 'reweave-kit', from: tree, file, freeBytes: 0 })
    rmSync(tree, { recursive: true })
  })
  return path.join(found, 'kit.img')
}

/** Changes with the name, mode or content of any file. */
export function kitKey(files: readonly KitFile[]): string {
  const parts = files.flatMap(({ name, bytes, executable }) => [name, String(executable), bytes])
  return cacheKey([String(FORMAT), ...parts])
}

async function bundlePrograms(): Promise<KitFile[]> {
  const tests = globSync('test/dom0/*.ts', { cwd: CHECKOUT })
    .filter((file) => !file.endsWith('.test.ts'))
    .sort()
  const entryPoints = [
    { in: path.join(CHECKOUT, MAIN), out: 'reweave' },
    ...tests.map((file) => ({
      in: path.join(CHECKOUT, file),
      out: `programs/${path.basename(file, '.ts')}`,
    })),
  ]
  const outdir = path.join(CHECKOUT, 'kit')
  const result = await build({
    entryPoints,
    outdir,
    absWorkingDir: CHECKOUT,
    // Nothing is written there: the bundles stay in memory, and go into the image from it.
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // The commands of a checkout stay out of it: nobody builds a lab in Dom0, or runs a fleet there.
    external: [...Object.keys(EXTERNAL_PACKAGES), ...CHECKOUT_COMMANDS],
    minifySyntax: true,
    minifyWhitespace: true,
    // Packages in CommonJS call `require` for Node's own modules, which an ES module does not have.
    banner: {
      js: "import { createRequire as kitRequire } from 'node:module'; const require = kitRequire(import.meta.url);",
    },
    logLevel: 'silent',
  })
  return result.outputFiles.map((output) => ({
    name: path.relative(outdir, output.path),
    bytes: output.contents,
    executable: false,
  }))
}

function copiedFiles(): KitFile[] {
  const packages = Object.entries(EXTERNAL_PACKAGES).flatMap(([name, files]) =>
    files.map((file) => `node_modules/${name}/${file}`),
  )
  const fixes = globSync('fixes/**/*', { cwd: CHECKOUT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(CHECKOUT, path.join(entry.parentPath, entry.name)))
    .sort()
  const read = (name: string, from: string, executable: boolean): KitFile => {
    return { name, bytes: readFileSync(path.join(CHECKOUT, from)), executable }
  }
  return [
    read('reweave', LAUNCHER, true),
    ...[...packages, ...fixes].map((file) => read(file, file, false)),
  ]
}

function symbolFile(hypervisor: HypervisorParts): KitFile {
  const name = `symbols/${hypervisor.buildId}/xen-syms`
  return { name, bytes: readFileSync(hypervisor.syms), executable: false }
}
