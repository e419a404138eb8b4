import { describe, expect, it } from 'vitest'
import { dom0Key, recipeKey } from './dom0-image.ts'
import { DOM0_LEFT_OUT, DOM0_PACKAGES } from './dom0-recipe.ts'
import { readDom0Scripts } from './dom0-tree.ts'

const scripts = new Map([['inittab', '::sysinit:/sbin/lab-up\n']])

describe('recipeKey()', () => {
  it("changes with a script's text and with Node's version", () => {
    const key = recipeKey(scripts, '24.21.0')
    expect(recipeKey(new Map([['inittab', '']]), '24.21.0')).not.toBe(key)
    expect(recipeKey(scripts, '24.21.1')).not.toBe(key)
    expect(recipeKey(new Map(scripts), '24.21.0')).toBe(key)
  })
})

describe('dom0Key()', () => {
  it('changes with the version of any package', () => {
    const packages = [
      { name: 'bash', version: '5.2.15-2+b13' },
      { name: 'kmod', version: '30+20221128-1' },
    ]
    const key = dom0Key('recipe', packages)
    const newer = packages.map((one) => ({ ...one, version: `${one.version}+u1` }))
    expect(dom0Key('recipe', newer)).not.toBe(key)
    expect(dom0Key('other', packages)).not.toBe(key)
  })
})

describe("Dom0's recipe", () => {
  it('leaves out no package that it asks for', () => {
    expect(DOM0_PACKAGES.filter((name) => DOM0_LEFT_OUT.test(name))).toEqual([])
  })

  it('has every script that the image is made with', () => {
    const wanted = ['guest-init.sh', 'initrd-init.sh', 'inittab', 'lab-up.sh']
    expect([...readDom0Scripts().keys()]).toEqual(wanted)
  })
})
