import { describe, expect, it } from 'vitest'
import { readBuildCatalogue } from './read-build-catalogue.ts'

const BUILD = {
  buildId: '39a640e6f1412319235087391df9f1c5e13ae920',
  sourceVersion: '4.17.5+72',
  package: { distribution: 'debian-12', name: 'xen', version: '4.17.5+72-g01140da4e8-1' },
  extraFixes: [506],
  source: 'its changelog',
}

describe('readBuildCatalogue()', () => {
  it('reads builds by their build-id', () => {
    const { catalogue, problems } = readBuildCatalogue({ formatVersion: 1, builds: [BUILD] }, 'x')
    expect(problems).toEqual([])
    expect(catalogue.get(BUILD.buildId)).toEqual(BUILD)
  })

  it('leaves out a build without its id or version, and names its place', () => {
    const builds = [{ ...BUILD, buildId: 'none' }, { buildId: BUILD.buildId }, BUILD]
    const { catalogue, problems } = readBuildCatalogue({ formatVersion: 1, builds }, 'x')
    expect(catalogue.size).toBe(1)
    expect(problems.map(({ at }) => at)).toEqual(['builds[0].buildId', 'builds[1].buildId'])
  })

  it.each([undefined, null, [], {}, { formatVersion: 2, builds: [] }])(
    'refuses %j, which is no catalogue',
    (json) => {
      const { catalogue, problems } = readBuildCatalogue(json, 'builds.json')
      expect(catalogue.size).toBe(0)
      expect(problems).toMatchObject([{ name: 'unknown-format', file: 'builds.json' }])
    },
  )
})
