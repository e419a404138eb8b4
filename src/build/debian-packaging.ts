import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { DebianPackaging } from './debian-make-variables.ts'

/**
 * Reads `debian/changelog` and `debian/control`. Formats: deb-changelog(5), deb-src-control(5).
 *
 * Undefined where they do not say what a build needs.
 */
export function readDebianPackaging(source: string): DebianPackaging | undefined {
  const changelog = readFileSync(path.join(source, 'debian/changelog'), 'utf8')
  const control = readFileSync(path.join(source, 'debian/control'), 'utf8')
  return parseDebianPackaging(changelog, control)
}

/** The newest entry's version and date, and the package's maintainer. */
export function parseDebianPackaging(
  changelog: string,
  control: string,
): DebianPackaging | undefined {
  const version = /^\S+ \(([^)]+)\)/.exec(changelog)?.[1]
  const date = /^ -- .*>  (.*)$/m.exec(changelog)?.[1]
  const maintainer = /^Maintainer: (.*)$/m.exec(control)?.[1]
  const timestamp = Date.parse(date ?? '') / 1000
  if (version === undefined || maintainer === undefined || !Number.isInteger(timestamp)) {
    return undefined
  }
  return { version, maintainer, timestamp }
}
