import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PF, PT, SHF, SHT } from '../../elf/definitions.ts'
import type { SectionDraft } from '../../elf/draft.ts'
import { writeElf } from '../../elf/write.ts'
import type { Image } from '../../image/image.ts'
import { linkedBytes, LiveSnapshot } from '../live-snapshot.ts'
import type { SplicePlan } from '../plan.ts'
import { SampleMemory } from '../testing/sample-splice.ts'
import { payloadReads } from './payload-reads.ts'
import { planPayloadSplice } from './plan-payload-splice.ts'
import {
  fillerFor,
  hypervisorOf,
  partAt,
  type SampleHypervisor,
} from './testing/sample-hypervisor.ts'
import { examined, orderOf } from './testing/sample-order.ts'

// The old functions come to 3; `main` ends the process with what they come to.
const SAMPLE: SampleHypervisor = {
  start: 0x4000_0000n,
  text: [
    {
      name: 'main',
      code: 'e8 {pc32 pushes}  89 c3  e8 {pc32 short}  8d 3c 18  b8 3c 00 00 00  0f 05',
    },
    { name: 'pushes', code: '53  bb 01 00 00 00  89 d8  5b  c3' },
    { name: 'short', code: '31 c0  ff c0  ff c0  c3' },
    { name: 'inner', code: 'b8 07 00 00 00  c3' },
    { name: 'vmx_exit', code: '0f 0b '.repeat(60) },
  ],
  rodata: [
    { name: '__ro_after_init_end', kind: 'label', code: '' },
    { name: 'number', code: '14 00 00 00', alignment: 4 },
  ],
  initText: [
    { name: 'hvm_enable', code: 'e8 {pc32 start_vmx}  c3' },
    { name: 'start_vmx', code: '48 8d 05 {pc32 vmx_table}  c3' },
  ],
  initData: [
    { name: 'initcall', code: '{abs64 hvm_enable}' },
    { name: 'vmx_table', code: '{abs64 vmx_exit}' },
  ],
}

const IMAGE = hypervisorOf(SAMPLE)
/** The same with hardly any padding. */
const FULL = hypervisorOf({ ...SAMPLE, text: [...SAMPLE.text, fillerFor(SAMPLE)] })

// The new come to 10 + 20 + 4: a helper of their own, a shared constant, one that is placed.
const SECTIONS = [
  {
    section: '.text.pushes',
    replaces: 'pushes',
    code: '53  e8 {pc32 .text.added}  89 c3  03 1d {pc32 .rodata.shared}  89 d8  5b  c3',
  },
  { section: '.text.short', replaces: 'short', code: '8b 05 {pc32 .rodata.own}  c3' },
  { section: '.text.added', code: 'b8 0a 00 00 00  c3' },
  { section: '.rodata.shared', code: '14 00 00 00', alignment: 4 },
  { section: '.rodata.own', code: '04 00 00 00', alignment: 4 },
]

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reweave-splice-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('a spliced payload', () => {
  it.each([
    ['the padding', IMAGE, undefined, /^padding behind .text/],
    ['code that cannot run', FULL, 'intel', /^over vmx_exit/],
  ] as const)('runs from %s, and no more once reverted', (_, image, reuse, place) => {
    const fit = examined(orderOf(image, SECTIONS, { reuse }))
    const memory = new SampleMemory(image)
    const runs = payloadReads(fit).map((range) => ({
      range,
      bytes: memory.bytesAt(range) ?? linkedBytes(image).bytesAt(range) ?? new Uint8Array(0),
    }))
    const planned = planPayloadSplice({ examined: fit, live: new LiveSnapshot(runs) })
    if (planned.kind === 'refused') throw new Error('It is refused')
    expect(planned.plan.writes[0]?.place).toMatch(place)
    expect(run(image, memory)).toBe(3)
    expect(halfWay(image, planned.plan, memory)).toEqual([3, 3])
    memory.apply(planned.plan.writes)
    expect(run(image, memory)).toBe(34)
    memory.revert(planned.plan.writes)
    expect(run(image, memory)).toBe(3)
  })
})

/** What it comes to with all code staged and none switched, and with the relays too. */
function halfWay(image: Image, { writes }: SplicePlan, memory: SampleMemory): readonly number[] {
  return [['stage'], ['stage', 'relay']].map((roles) => {
    const made = writes.filter(({ role }) => roles.includes(role))
    memory.apply(made)
    const result = run(image, memory)
    memory.revert(made)
    return result
  })
}

/** Runs the image's `main` as a process of its own. */
function run(image: Image, memory: SampleMemory): number {
  const text: SectionDraft = {
    name: '.text',
    type: SHT.PROGBITS,
    flags: SHF.ALLOC | SHF.EXECINSTR,
    address: image.text.start,
    alignment: 4096,
    content: memory.snapshot(),
  }
  const rest = image.sections.filter(({ name }) => name === '.rodata')
  const constants = rest.map((section): SectionDraft => ({
    name: section.name,
    type: SHT.PROGBITS,
    flags: SHF.ALLOC,
    address: section.start,
    alignment: 4096,
    content: section.bytes ?? new Uint8Array(0),
  }))
  const sections = [text, ...constants]
  const bytes = writeElf({
    type: 'executable',
    entry: partAt(image, 'main'),
    sections,
    segments: [{ type: PT.LOAD, flags: PF.R | PF.X, sections, alignment: 4096 }],
  })
  const file = join(folder, 'spliced')
  writeFileSync(file, bytes, { mode: 0o755 })
  try {
    execFileSync(file, { stdio: 'ignore' })
    return 0
  } catch (error) {
    if (error instanceof Error && 'status' in error && typeof error.status === 'number') {
      return error.status
    }
    throw error
  }
}
