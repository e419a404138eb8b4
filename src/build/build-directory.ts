/**
 * Where sources and builds are kept.
 *
 *     .reweave/fetching/              package lists and packages, for the next time
 *     .reweave/sources/xen-VERSION/   fetched; the user's to look at and to change
 *     .reweave/build/                 made from content; safe to remove while no build runs
 *       baseline-KEY/                 an unpatched hypervisor, some 300 MiB
 *       patched-PID-XXXXXX/           a build at work; removed at its end, or hours later by another
 *
 * @module
 */
import path from 'node:path'

const CHECKOUT = path.resolve(import.meta.dirname, '../..')

/** What builds leave for later ones: `.reweave/build` in the checkout, or `REWEAVE_BUILD`. */
export function buildCacheDirectory(): string {
  const chosen = process.env['REWEAVE_BUILD']
  return chosen === undefined || chosen === ''
    ? path.join(CHECKOUT, '.reweave', 'build')
    : path.resolve(chosen)
}

/** What fetching leaves for the next time; safe to remove. */
export function buildStateDirectory(): string {
  return path.join(CHECKOUT, '.reweave', 'fetching')
}

/** Where `reweave source fetch` puts a package's source unless told otherwise. */
export function defaultSourceDirectory(name: string, version: string): string {
  return path.join(CHECKOUT, '.reweave', 'sources', `${name}-${version.replaceAll(':', '%3a')}`)
}
