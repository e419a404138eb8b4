import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadOrder, parseModuleDependencies } from './module-dependencies.ts'

const LIST = `\
kernel/lib/crc16.ko:
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko:
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/drivers/xen/xen-evtchn.ko:
`

describe('loadOrder()', () => {
  it('puts each module behind what it needs, and each once', () => {
    const order = loadOrder(parseModuleDependencies(LIST), ['mbcache', 'ext4'])
    expect(order).toEqual({
      kind: 'ordered',
      files: [
        'kernel/fs/mbcache.ko',
        'kernel/fs/jbd2/jbd2.ko',
        'kernel/lib/crc16.ko',
        'kernel/fs/ext4/ext4.ko',
      ],
    })
  })

  it('takes dashes and underscores in a name for the same', () => {
    const dependencies = parseModuleDependencies(LIST)
    const order = loadOrder(dependencies, ['xen_evtchn'])
    expect(order).toEqual(loadOrder(dependencies, ['xen-evtchn']))
    expect(order.kind).toBe('ordered')
  })

  it('names the modules that are not there', () => {
    const order = loadOrder(parseModuleDependencies(LIST), ['ext4', 'floppy'])
    expect(order).toEqual({ kind: 'unknown-modules', names: ['floppy'] })
  })

  it('satisfies every dependency of a random list without cycles', () => {
    // Module i needs some of those before it, and all that they need, nearest first, as depmod says.
    const needs = fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(needs, (wanted) => {
        const all: number[][] = []
        wanted.forEach((numbers, index) => {
          const direct = numbers.filter((number) => number < index)
          const closure = new Set(direct.flatMap((number) => [number, ...(all[number] ?? [])]))
          all.push([...closure].sort((one, other) => other - one))
        })
        const list = all.map((closure, index) => {
          return `m${index}.ko: ${closure.map((number) => `m${number}.ko`).join(' ')}`
        })
        const names = all.map((_, index) => `m${index}`).toReversed()
        const order = loadOrder(parseModuleDependencies(list.join('\n')), names)
        const files = order.kind === 'ordered' ? order.files : []
        expect(files).toHaveLength(all.length)
        all.forEach((closure, index) => {
          const at = files.indexOf(`m${index}.ko`)
          for (const number of closure) expect(files.indexOf(`m${number}.ko`)).toBeLessThan(at)
        })
      }),
      { seed: 61, numRuns: 200 },
    )
  })
})
