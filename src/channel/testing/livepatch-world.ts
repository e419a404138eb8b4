import { SHF, SHT } from '../../elf/definitions.ts'
import { readElf } from '../../elf/read.ts'
import { writeElf } from '../../elf/write.ts'
import { type BuildId, parseBuildId } from '../../image/build-id.ts'
import type { Image } from '../../image/image.ts'
import { SAMPLE_BUILD_ID, sampleImage } from '../../image/testing/sample-image.ts'
import type { Payload } from '../../payload/payload.ts'
import type { JournalEntry, JournalRecord } from '../../splice/journal.ts'
import { LivepatchChannel } from '../livepatch-channel.ts'
import { livepatchName } from '../livepatch-name.ts'
import type { LivepatchOrder } from '../livepatch-prepare.ts'
import { SimLivepatch, simPayloadBytes } from './sim-livepatch.ts'

export const XEN = buildId(SAMPLE_BUILD_ID)
/** The functions of the build that orders may replace: 16 bytes each, one behind the other. */
export const FUNCTIONS = ['one', 'two', 'three'] as const
export const BOOT = 'boot-1'

export type FunctionName = (typeof FUNCTIONS)[number]

/** The build-id of the payload that another tool applies. */
export const OTHER_ID = payloadId(0x9999)

/** A payload that replaces functions, with its build-id by a number. */
export interface OrderSketch {
  readonly hotfix: string
  readonly number: number
  readonly dependsOn?: BuildId
  readonly xenBuildId?: BuildId
  readonly functions?: readonly FunctionName[]
  /** The bytes that it expects at each of them; those of the build when absent, none when []. */
  readonly expected?: readonly number[]
  readonly version?: 1 | 2
  readonly hooks?: readonly string[]
  readonly data?: boolean
}

export function buildId(text: string): BuildId {
  const made = parseBuildId(text)
  if (made === undefined) throw new RangeError(`${text} is no build-id`)
  return made
}

export function payloadId(number: number): BuildId {
  return buildId(number.toString(16).padStart(4, '0').repeat(10))
}

export const image: Image = sampleImage({
  text: Uint8Array.from({ length: 48 }, (_, index) => 0x90 + (index >> 4)),
  symbols: FUNCTIONS.map((name, index) => ({ name, offset: index * 16, byteLength: 16 })),
})

const EMPTY_ELF = ((): Payload['elf'] => {
  const content = new Uint8Array(4)
  const section = { name: '.text', type: SHT.PROGBITS, flags: SHF.ALLOC, content }
  const read = readElf(writeElf({ type: 'relocatable', sections: [section] }))
  if (read.kind === 'refused') throw new Error('An empty object was not read')
  return read.elf
})()

export function order(sketch: OrderSketch): LivepatchOrder {
  const { hotfix, number, dependsOn = XEN, xenBuildId = XEN, functions = ['one'] } = sketch
  const linked = (name: FunctionName): number[] => {
    return Array.from({ length: 5 }, () => 0x90 + FUNCTIONS.indexOf(name))
  }
  const expectedOf = (name: FunctionName): Uint8Array | undefined => {
    const bytes = sketch.expected ?? linked(name)
    return bytes.length === 0 ? undefined : Uint8Array.from(bytes)
  }
  const payload: Payload = {
    version: sketch.version ?? 2,
    buildId: payloadId(number),
    xenBuildId,
    dependsOn,
    functions: functions.map((name) => ({
      name,
      oldAddress: undefined,
      oldByteLength: 16,
      code: { section: 1, offset: 0 },
      newByteLength: 4,
      expected: expectedOf(name),
    })),
    info: [],
    hooks: sketch.hooks ?? [],
    elf: EMPTY_ELF,
  }
  const bytes = simPayloadBytes({
    buildId: payload.buildId,
    xenBuildId,
    dependsOn,
    functions: functions.map((name) => [name, expectedOf(name) === undefined ? '' : 'linked']),
    data: sketch.data ?? false,
  })
  return { hotfix, payload, bytes }
}

export function nameOf({ hotfix, payload }: LivepatchOrder): string {
  return livepatchName(hotfix, payload.buildId)
}

/** A host with the model of Xen, a journal in memory, and channels that come and go. */
export class LivepatchWorld {
  readonly xen = new SimLivepatch(XEN)
  readonly entries: JournalEntry[] = []
  /** How many records the journal's disk still has room for. */
  recordsLeft = Number.POSITIVE_INFINITY
  #transactions = 0

  /** The channel of a new process. */
  channel(): LivepatchChannel {
    return new LivepatchChannel({
      port: this.xen,
      clock: this.xen,
      journal: { append: async (record) => this.xen.step(() => this.record(record)) },
      entries: () => this.entries,
      bootId: BOOT,
      image,
      newTransaction: () => `t${(this.#transactions += 1)}`,
    })
  }

  record(record: JournalRecord): void {
    if (this.recordsLeft === 0) throw new Error('ENOSPC: no space left on device')
    this.recordsLeft -= 1
    const sequence = this.entries.length + 1
    this.entries.push({ sequence, bootId: BOOT, time: '2026-01-02T03:04:05.000Z', record })
  }

  /** Loads `lp_other` as another tool does, and applies it: it replaces `three`. */
  async applyByOther(dependsOn: BuildId): Promise<void> {
    const { xen } = this
    const payload = { buildId: OTHER_ID, xenBuildId: XEN, dependsOn }
    xen.upload('lp_other', simPayloadBytes({ ...payload, functions: [['three', '']] }))
    xen.act({ name: 'lp_other', action: 'apply', timeoutNs: 30_000_000, nodeps: false })
    await xen.sleep(5)
    if (!xen.appliedNames.includes('lp_other')) throw new Error('lp_other was not applied')
  }

  /** What Xen lists, as `name state`. */
  listed(): readonly string[] {
    const shown = this.channel().list()
    if (shown.kind === 'refused') throw new Error('The list was refused')
    return shown.payloads.map(({ name, state }) => `${name} ${state}`)
  }
}
