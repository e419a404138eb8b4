import { describe, expect, it } from 'vitest'
import { parseBuildId } from '../image/build-id.ts'
import { exportNames } from './export-names.ts'

const BASE = parseBuildId('0fb03584'.repeat(5))

describe('exportNames()', () => {
  it("gives the folder, the file and the link that xapi's hosts have", () => {
    if (BASE === undefined) throw new Error('It is a build-id')
    expect(exportNames(BASE, '4.17.4-1-4.17.4-6')).toEqual({
      folder: BASE,
      file: 'lp_4.17.4-1-4.17.4-6.livepatch',
      link: 'livepatch.livepatch',
    })
  })

  it.each(['', '..', 'a/b', '-a', 'a b', 'a\n', 'x'.repeat(101)])('makes no name of %j', (name) => {
    if (BASE === undefined) throw new Error('It is a build-id')
    expect(exportNames(BASE, name)).toBeUndefined()
  })
})
