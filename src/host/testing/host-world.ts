/**
 * A host that runs a small hypervisor, with its memory and its journal, for tests of what reaches
 * into it.
 *
 * @module
 */
import { advance, distance, machineAddress } from '../../address/address.ts'
import { contains } from '../../address/address-range.ts'
import type { Bundle } from '../../hotfix/bundle.ts'
import { BUILT } from '../../hotfix/testing/made-up-bundle.ts'
import { bundleWrittenFix } from '../../hotfix/write-bundle.ts'
import type { Image } from '../../image/image.ts'
import { type ImageLocation, toMachine } from '../../image/image-location.ts'
import { SimRam } from '../../memory/testing/sim-ram.ts'
import type { Payload } from '../../payload/payload.ts'
import type { JournalEntry, JournalRecord } from '../../splice/journal.ts'
import { livepatchedFunctions, type ListedLivepatch } from '../../splice/patched-functions.ts'
import type { SpliceGoal } from '../../splice/precheck.ts'
import { payloadOf, type SampleSection } from '../../splice/payload/testing/sample-order.ts'
import { describeSpliceRefusal } from '../../splice/payload/describe-splice-refusal.ts'
import type { SpliceStudy } from '../../hotfix/splice-study.ts'
import { studyPayload } from '../../splice/payload/study-payload.ts'
import { SimMemory } from '../../splice/testing/sim-memory.ts'
import { changeFix, type ChangeOutcome, type ChangePorts } from '../change-fix.ts'
import type { ShelvedHotfix } from '../fix-shelf.ts'
import type { HostMemory } from '../locate-fix.ts'
import { sha256 } from '../sha256.ts'

const BOOT = 'boot-1'

export class HostWorld {
  readonly image: Image
  readonly ram: SimRam
  readonly location: ImageLocation
  readonly entries: JournalEntry[] = []
  /** What Xen lists. */
  listed: readonly ListedLivepatch[] = []
  reuseAllowed = false
  #transactions = 0

  constructor(image: Image) {
    this.image = image
    const machine = { start: machineAddress(0x5fa0_0000n), byteLength: image.byteLength }
    this.location = { virtualStart: image.start, machine }
    this.ram = ramOf(image, this.location)
  }

  /** The host as a new process finds it. */
  memory(): HostMemory {
    const memory = new SimMemory(this.ram, () => undefined)
    return {
      session: { memory, location: this.location, engine: 'sim' },
      image: this.image,
      journal: this.entries,
      bootId: BOOT,
      livepatched: livepatchedFunctions(this.entries, BOOT, this.listed),
      isWritten: (fix) => fix.startsWith('written-'),
      vendorRoom: { unusedVendor: 'intel', reuseAllowed: this.reuseAllowed },
    }
  }

  ports(): ChangePorts {
    return {
      journal: { append: async (record) => this.record(record) },
      passage: { everyCpuHasLeft: async () => ({ kind: 'left' }) },
      transaction: `t${(this.#transactions += 1)}`,
    }
  }

  async change(
    hotfix: Bundle,
    goal: SpliceGoal,
    shelf: Partial<ShelvedHotfix> = {},
  ): Promise<ChangeOutcome> {
    const alone = { hotfix, file: 'a.hotfix', base: undefined, dependents: [] }
    return changeFix(this.memory(), { ...alone, ...shelf }, goal, this.ports())
  }

  record(record: JournalRecord): void {
    const sequence = this.entries.length + 1
    this.entries.push({ sequence, bootId: BOOT, time: '2026-01-02T03:04:05.000Z', record })
  }

  /** Puts bytes where a function begins, as Xen's livepatch does. */
  overwrite(name: string, bytes: Uint8Array): void {
    const found = this.image.find(name)
    if (found.kind !== 'found') throw new Error(`There is no ${name}`)
    const range = { start: found.symbol.address, byteLength: bytes.length }
    this.ram.write(toMachine(this.location, range).start, bytes)
  }

  isUntouched(): boolean {
    const fresh = ramOf(this.image, this.location)
    return fresh.bytes.every((byte, index) => byte === this.ram.bytes[index])
  }
}

/** A hotfix built for the image. Its file has no bytes: nothing here looks at them. */
export function builtHotfix(
  image: Image,
  name: string,
  sections: readonly SampleSection[],
): Bundle {
  const payload = payloadOf(image, sections)
  const studied = studyPayload({ payload, image, sideBySide: BUILT_SIDE_BY_SIDE })
  if (studied.kind === 'studied') return madeOf(image, name, payload, studied.study)
  throw new Error(studied.refusals.map(describeSpliceRefusal).join('; '))
}

/** Of samples nobody judges more than of `BUILT`. */
const BUILT_SIDE_BY_SIDE = 'neither takes a lock'

function madeOf(image: Image, name: string, payload: Payload, study: SpliceStudy): Bundle {
  const { payload: _bytes, study: _study, fix: _fix, ...said } = BUILT
  const base = { buildId: image.buildId, version: '4.17' }
  return {
    manifest: { ...said, formatVersion: 1, name, base, functions: [], members: [] },
    payload: { bytes: new Uint8Array(0), payload },
    study,
    fix: undefined,
    bytes: new Uint8Array(0),
    digest: '00',
  }
}

/** A fix for the image that puts one instruction in place of another of its length. */
export function writtenHotfix(
  image: Image,
  name: string,
  edit: { readonly at: string; readonly expect: string; readonly put: string },
): Bundle {
  const text = `reweave-fix: 1
name: ${name}
advisory: XSA-1
title: One instruction
base:
  build-id: ${image.buildId}
  version: '4.17'
changes:
  - edit: ${edit.at}
    why: For the test.
    expect: ${edit.expect}
    put: ${edit.put}
...
`
  const outcome = bundleWrittenFix(text, { reweave: '0.1.0', sha256 })
  if (outcome.kind === 'bundled') return outcome.bundle
  throw new Error(JSON.stringify(outcome.problems))
}

function ramOf(image: Image, location: ImageLocation): SimRam {
  const ram = new SimRam(location.machine.start, image.byteLength)
  for (const section of image.sections) {
    const at = advance(location.machine.start, distance(image.start, section.start))
    const fits = contains(ram.range, { start: at, byteLength: section.byteLength })
    if (section.bytes !== undefined && fits) ram.write(at, section.bytes)
  }
  return ram
}
