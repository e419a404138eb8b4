import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { REWEAVE_VERSION } from './reweave-version.ts'

it('REWEAVE_VERSION is that of package.json', () => {
  const file = new URL('../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  expect(REWEAVE_VERSION).toBe(version)
})
