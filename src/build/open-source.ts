import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { sourceContentKey } from './source-content.ts'
import { SOURCE_RECORD_FILE, type SourceRecord, sourceRecordSchema } from './source-record.ts'
import type { OpenedSource } from './source-tree.ts'

/** Left by a build in place. What lies beside them would be taken for current. */
const BUILD_PRODUCTS = [
  'xen/include/generated/autoconf.h',
  'xen/include/config/auto.conf',
  'xen/include/xen/compile.h',
  'xen/common/built_in.o',
] as const

/** Looks at a directory that holds `xen/` and `xen/.config`, fetched or unpacked by hand. */
export function openSource(directory: string): OpenedSource {
  const top = path.resolve(directory)
  const isDirectory = statSync(top, { throwIfNoEntry: false })?.isDirectory() === true
  if (!isDirectory) {
    return { kind: 'refused', refusal: { kind: 'source-not-found', directory: top } }
  }
  const version = versionOf(top)
  if (version === undefined) {
    const missing = 'xen/Makefile with XEN_VERSION'
    return { kind: 'refused', refusal: { kind: 'not-a-xen-source', directory: top, missing } }
  }
  const wanted = path.join(top, 'xen/.config')
  if (!existsSync(wanted)) {
    return { kind: 'refused', refusal: { kind: 'no-config', directory: top, wanted } }
  }
  const found = BUILD_PRODUCTS.find((product) => existsSync(path.join(top, product)))
  if (found !== undefined) {
    return { kind: 'refused', refusal: { kind: 'source-not-clean', directory: top, found } }
  }
  const record = readRecord(path.join(top, SOURCE_RECORD_FILE))
  if (typeof record === 'string') {
    const file = path.join(top, SOURCE_RECORD_FILE)
    return { kind: 'refused', refusal: { kind: 'bad-source-record', file, problem: record } }
  }
  const contentKey = sourceContentKey(top)
  return {
    kind: 'opened',
    source: {
      directory: top,
      version,
      record,
      packageVersion: record?.version ?? changelogVersion(top),
      contentKey,
      isAsFetched: record === undefined ? undefined : record.contentKey === contentKey,
    },
  }
}

/** `4.17`, from `export XEN_VERSION = 4` and `export XEN_SUBVERSION = 17`. */
function versionOf(top: string): string | undefined {
  const makefile = path.join(top, 'xen/Makefile')
  if (!existsSync(makefile)) return undefined
  const text = readFileSync(makefile, 'utf8')
  const major = /^export XEN_VERSION\s*[:?]?=\s*(\d+)\s*$/m.exec(text)?.[1]
  const minor = /^export XEN_SUBVERSION\s*[:?]?=\s*(\d+)\s*$/m.exec(text)?.[1]
  return major === undefined || minor === undefined ? undefined : `${major}.${minor}`
}

/** Of the newest entry in `debian/changelog`. Format: deb-changelog(5). */
export function changelogVersion(top: string): string | undefined {
  const changelog = path.join(top, 'debian/changelog')
  if (!existsSync(changelog)) return undefined
  return /^\S+ \(([^)]+)\)/.exec(readFileSync(changelog, 'utf8'))?.[1]
}

/** The record, undefined where there is none, or what is wrong with it. */
function readRecord(file: string): SourceRecord | string | undefined {
  if (!existsSync(file)) return undefined
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return 'it is no JSON; fetch the source again'
  }
  const read = sourceRecordSchema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`
}
