import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { mapShared, type Mapping } from '../xen/libc.ts'

const DEVICES = '/sys/bus/pci/devices'
/** PCI Local Bus Specification 3.0, 6.2.2: the command register and its bits. */
const COMMAND = 4
const MEMORY_SPACE = 1 << 1
const BUS_MASTER = 1 << 2
const INTERRUPT_DISABLE = 1 << 10

/** One function of a PCI device, through Linux's sysfs. */
export class PciFunction {
  /** `0000:00:05.0` */
  readonly address: string
  readonly vendor: number
  readonly device: number
  /** Base class, subclass, programming interface: 0x010802 is NVMe. */
  readonly classCode: number
  readonly #folder: string

  /** `devices` is where Linux lists the functions; tests have a folder of their own. */
  constructor(address: string, devices: string = DEVICES) {
    this.address = address
    this.#folder = path.join(devices, address)
    this.vendor = Number(this.#read('vendor'))
    this.device = Number(this.#read('device'))
    this.classCode = Number(this.#read('class'))
  }

  /** The kernel driver that holds it now. */
  get driver(): string | undefined {
    const link = path.join(this.#folder, 'driver')
    return existsSync(link) ? path.basename(readlinkSync(link)) : undefined
  }

  /** Takes the function from its driver, which flushes and stops it. */
  unbind(): void {
    if (this.driver) writeFileSync(path.join(this.#folder, 'driver/unbind'), this.address)
  }

  /** Gives the function to a kernel driver, which resets and starts it. */
  bind(driver: string): void {
    if (this.driver === driver) return
    writeFileSync(path.join('/sys/bus/pci/drivers', driver, 'bind'), this.address)
  }

  /** Wakes the function, and lets it answer memory accesses and start its own. No interrupts. */
  enableBusMaster(): void {
    writeFileSync(path.join(this.#folder, 'enable'), '1')
    this.#changeCommand((command) => command | MEMORY_SPACE | BUS_MASTER | INTERRUPT_DISABLE)
  }

  /** After this, the function starts no further transfer. */
  disableBusMaster(): void {
    this.#changeCommand((command) => command & ~BUS_MASTER & ~INTERRUPT_DISABLE)
    // Linux counts who enabled it, and answers EIO where nobody did (drivers/pci/pci-sysfs.c).
    if (this.#read('enable') !== '0') writeFileSync(path.join(this.#folder, 'enable'), '0')
  }

  mapResource(index: number, byteLength: number): Mapping {
    const file = openSync(path.join(this.#folder, `resource${index}`), 'r+')
    try {
      return mapShared(file, byteLength)
    } finally {
      closeSync(file)
    }
  }

  /** Names below a folder of the function in sysfs, such as `nvme` or `nvme/nvme0`. */
  list(relative: string): readonly string[] {
    try {
      return readdirSync(path.join(this.#folder, relative))
    } catch {
      return []
    }
  }

  #changeCommand(change: (command: number) => number): void {
    const config = openSync(path.join(this.#folder, 'config'), 'r+')
    try {
      const bytes = Buffer.alloc(2)
      readSync(config, bytes, 0, 2, COMMAND)
      bytes.writeUInt16LE(change(bytes.readUInt16LE()))
      writeSync(config, bytes, 0, 2, COMMAND)
    } finally {
      closeSync(config)
    }
  }

  #read(name: string): string {
    return readFileSync(path.join(this.#folder, name), 'utf8').trim()
  }
}

/** The function at that address; undefined where there is none, or none any more. */
export function findPciFunction(address: string, devices = DEVICES): PciFunction | undefined {
  return existsSync(path.join(devices, address)) ? new PciFunction(address, devices) : undefined
}

/** Every PCI function of the machine, by address. */
export function listPciFunctions(): readonly PciFunction[] {
  const names = existsSync(DEVICES) ? readdirSync(DEVICES) : []
  return names.sort().map((name) => new PciFunction(name))
}
