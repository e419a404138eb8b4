import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { abandonedClaims } from './claim.ts'
import { PciFunction } from './pci-function.ts'

const ADDRESS = '0000:00:05.0'
/** Memory space, bus master, interrupts off. */
const COMMAND_IN_USE = 0x0406

/** A folder of PCI functions like Linux's, with one NVMe controller, and one for records. */
class World {
  readonly devices = mkdtempSync(path.join(tmpdir(), 'reweave-pci-'))
  readonly records = mkdtempSync(path.join(tmpdir(), 'reweave-run-'))
  readonly record = path.join(this.records, `device-${ADDRESS}.json`)
  readonly #function = path.join(this.devices, ADDRESS)

  constructor(options: { readonly enabled: boolean; readonly driver?: string }) {
    mkdirSync(this.#function)
    const files = { vendor: '0x8086\n', device: '0x5845\n', class: '0x010802\n' }
    for (const [name, text] of Object.entries(files)) this.#write(name, text)
    this.#write('enable', options.enabled ? '1\n' : '0\n')
    const config = new Uint8Array(64)
    new DataView(config.buffer).setUint16(4, COMMAND_IN_USE, true)
    this.#write('config', config)
    if (options.driver !== undefined)
      symlinkSync(options.driver, path.join(this.#function, 'driver'))
    if (options.driver !== undefined) mkdirSync(path.join(this.#function, options.driver))
    writeFileSync(this.record, JSON.stringify({ address: ADDRESS, driver: 'nvme' }))
  }

  get command(): number {
    return readFileSync(path.join(this.#function, 'config')).readUInt16LE(4)
  }

  get enable(): string {
    return readFileSync(path.join(this.#function, 'enable'), 'utf8')
  }

  #write(name: string, content: string | Uint8Array): void {
    writeFileSync(path.join(this.#function, name), content)
  }
}

describe('abandonedClaims()', () => {
  it('stops a function that a killed process left without a driver', () => {
    const world = new World({ enabled: true })
    const claims = abandonedClaims(world.records, world.devices)
    expect(claims.map(({ pci }) => pci.address)).toEqual([ADDRESS])
    expect(world.command).toBe(0x0002)
    expect(world.enable).toBe('0')
  })

  it('leaves a function alone that a driver has again, and forgets it', () => {
    const world = new World({ enabled: true, driver: 'nvme' })
    expect(abandonedClaims(world.records, world.devices)).toEqual([])
    expect(world.command).toBe(COMMAND_IN_USE)
    expect(existsSync(world.record)).toBe(false)
  })

  it('forgets a function that is no longer there', () => {
    const world = new World({ enabled: true })
    const elsewhere = mkdtempSync(path.join(tmpdir(), 'reweave-pci-'))
    expect(abandonedClaims(world.records, elsewhere)).toEqual([])
    expect(existsSync(world.record)).toBe(false)
  })

  it.each(['', '{"addr'])('forgets a record that was cut: nothing was taken then', (text) => {
    const world = new World({ enabled: true })
    writeFileSync(world.record, text)
    expect(abandonedClaims(world.records, world.devices)).toEqual([])
    expect(existsSync(world.record)).toBe(false)
    expect(world.command).toBe(COMMAND_IN_USE)
  })
})

describe('PciFunction', () => {
  it('does not ask Linux to disable what is not enabled, which Linux answers with EIO', () => {
    const world = new World({ enabled: false })
    new PciFunction(ADDRESS, world.devices).disableBusMaster()
    expect(world.command).toBe(0x0002)
    expect(world.enable).toBe('0\n')
  })
})
