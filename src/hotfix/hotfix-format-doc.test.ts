import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BUNDLE_LIMITS, MEMBER_NAMES } from './manifest.ts'
import { encodeManifest, readManifest } from './manifest-json.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'

const DOCUMENT = readFileSync(new URL('../../docs/formats/hotfix.md', import.meta.url), 'utf8')
const EXAMPLE = /```json\n(.*?)```/s.exec(DOCUMENT)?.[1] ?? ''

/** The first column of the tables under a heading. */
function firstColumn(heading: string): readonly string[] {
  const part = DOCUMENT.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return Array.from(part.matchAll(/^\| `([\w.]+)`/gm), ([, name]) => name ?? '')
}

describe('docs/formats/hotfix.md', () => {
  it('has an example that is a manifest, with its fields as they are written', () => {
    const read = readManifest(utf8Bytes(EXAMPLE))
    expect(read).toMatchObject({ kind: 'read', manifest: { name: 'xsa-506' } })
    const written = read.kind === 'read' ? utf8Text(encodeManifest(read.manifest)) : undefined
    const fields = (json: string): readonly string[] =>
      Array.from(json.matchAll(/"(\w+)":/g), ([, field]) => field ?? '')
    expect(fields(written ?? '')).toEqual(fields(EXAMPLE))
    expect(JSON.parse(written ?? '')).toEqual(JSON.parse(EXAMPLE))
  })

  it('lists every member of the manifest, in order', () => {
    const optional = ['onTopOf']
    const listed = firstColumn('The manifest').filter((name) => !optional.includes(name))
    expect(listed).toEqual(Object.keys(JSON.parse(EXAMPLE) as object))
  })

  it('lists the members of a bundle, in order', () => {
    expect(firstColumn('Members')).toEqual(Object.values(MEMBER_NAMES))
  })

  it('states every limit as the code has it', () => {
    const rows = DOCUMENT.matchAll(/^\| `(\w+)`:[^|]*\| *(\d+) *\|$/gm)
    const stated = Array.from(rows, ([, name, most]): [string, number] => [
      name ?? '',
      Number(most),
    ])
    expect(Object.fromEntries(stated)).toEqual(BUNDLE_LIMITS)
  })
})
