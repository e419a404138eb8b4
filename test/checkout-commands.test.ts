import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const MAIN = readFileSync(new URL('../src/cli/main.ts', import.meta.url), 'utf8')
const KIT = readFileSync(new URL('../lab/kit.ts', import.meta.url), 'utf8')

describe('the commands that only a checkout has', () => {
  it('are all left out of the kit, and no others', () => {
    const loaded = [...MAIN.matchAll(/await import\('\.\/([\w-]+)\.ts'\)/g)].map(([, name]) => name)
    const list = /CHECKOUT_COMMANDS = \[([^\]]*)\]/.exec(KIT)?.[1] ?? ''
    const leftOut = [...list.matchAll(/'([\w-]+)'/g)].map(([, name]) => name)
    expect(loaded).toContain('advisory')
    expect(new Set(leftOut)).toEqual(new Set(loaded))
  })
})
