import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Bundle } from '../hotfix/bundle.ts'
import { exportNames } from '../payload/export-names.ts'

export type HotfixExported =
  | { readonly kind: 'exported'; readonly file: string; readonly link: string }
  | { readonly kind: 'no-payload' }

/**
 * Puts the payload into `folder` as xapi looks for it: in a folder called after the build of Xen,
 * with a link that leads to the payload to load.
 *
 * What is there of another name stays. A link is replaced at once: it leads to the old payload or to
 * the new one.
 */
export function exportHotfix({ manifest, payload }: Bundle, folder: string): HotfixExported {
  const names = exportNames(manifest.base.buildId, manifest.name)
  if (payload === undefined || names === undefined) return { kind: 'no-payload' }
  const into = path.join(folder, names.folder)
  mkdirSync(into, { recursive: true })
  const file = path.join(into, names.file)
  const link = path.join(into, names.link)
  putInPlace(file, (part) => writeFileSync(part, payload.bytes, { flush: true }))
  putInPlace(link, (part) => symlinkSync(names.file, part))
  return { kind: 'exported', file, link }
}

function putInPlace(name: string, make: (part: string) => void): void {
  const part = `${name}.${process.pid}.part`
  rmSync(part, { force: true })
  try {
    make(part)
    renameSync(part, name)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}
