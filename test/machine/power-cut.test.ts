/** What is left of a fix when the machine's power goes in the middle of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JournalContents } from '../../src/splice/read-journal.ts'
import { readJournal } from '../../src/splice/read-journal.ts'
import { type PrintedWrite, readPlan, stateInRam } from './testing/planned-write.ts'
import {
  KILLED,
  reweave,
  reweaveDone,
  reweaveKilledAt,
  type StatusJson,
} from './testing/reweave-answer.ts'
import { type XenSnapshot, XenUnderTest } from './testing/xen-under-test.ts'

const FIX = 'xsa-506'
const JOURNAL = '/var/lib/reweave/journal'
/** Begin, then intent and outcome of three stages, then the intent and outcome of a switch. */
const FIRST_SWITCH_IS_LIVE = 1 + 3 * 2 + 2

let xen: XenUnderTest
let folder: string
let medium: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'power-cut-'))
  xen = await XenUnderTest.boot({ engines: ['nvme'] })
  await xen.fillMedium()
  medium = xen.mediumDigest()
})

afterAll(async () => {
  await xen?.machine.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Cuts the power, boots again, and returns what Xen's memory is then. */
async function cutAndBoot(): Promise<XenSnapshot> {
  await xen.machine.powerCut()
  await xen.machine.boot()
  await xen.locate()
  return xen.see()
}

async function pullJournal(): Promise<JournalContents> {
  const file = path.join(folder, 'journal')
  await xen.machine.pull(JOURNAL, file)
  const journal = readJournal(readFileSync(file), crc32)
  if (journal.kind === 'corrupt') throw new Error(`Line ${journal.line}: ${journal.why}`)
  return journal
}

/** The fix is gone with the power, and Reweave says so and why. */
async function expectGone(writes: readonly PrintedWrite[]): Promise<void> {
  expect(stateInRam(xen, writes)).toBe('not-applied')
  const [status] = (await reweaveDone(xen.machine, ['status', FIX])) as StatusJson[]
  expect(status).toMatchObject({ state: 'not-applied', appliedBeforeReboot: true })
  // What the journal has of this boot: nothing.
  expect(status?.journal).toBeUndefined()
  // Whatever the cut left on the medium was put back by that command.
  expect(xen.mediumDigest()).toBe(medium)
}

async function expectApplies(booted: XenSnapshot, writes: readonly PrintedWrite[]): Promise<void> {
  const applied = await reweaveDone(xen.machine, ['apply', FIX])
  expect(applied).toMatchObject({ result: 'applied', written: writes.length })
  expect(stateInRam(xen, writes)).toBe('applied')
  const ranges = writes.map(({ range }) => range)
  expect(xen.differences(booted, xen.see(), ranges)).toEqual([])
}

describe('a power cut', () => {
  it('after the first switch of a killed apply takes the fix out, and apply works again', async () => {
    const writes = await readPlan(xen.machine, FIX)
    const killed = await reweaveKilledAt(xen.machine, FIRST_SWITCH_IS_LIVE, ['apply', FIX])
    expect(killed.exit).toBe(KILLED)
    expect(stateInRam(xen, writes)).toBe('inconsistent')

    const booted = await cutAndBoot()
    expect((await pullJournal()).entries).toHaveLength(FIRST_SWITCH_IS_LIVE)
    await expectGone(writes)
    await expectApplies(booted, writes)
  })

  it('during an apply leaves a journal that can be read, and apply works again', async () => {
    await reweaveDone(xen.machine, ['revert', FIX])
    const writes = await readPlan(xen.machine, FIX)
    const before = (await pullJournal()).entries.length
    // Ends with an error, since its connection goes with the machine.
    const apply = reweave(xen.machine, ['apply', FIX]).catch((error: unknown) => error)
    const [stage] = writes
    if (stage === undefined) throw new Error('The plan is empty')
    const staged = (): boolean =>
      Buffer.from(xen.bytesAt(stage.range)).toString('hex') === stage.after
    while (!staged()) await sleep(1)
    const booted = await cutAndBoot()
    await apply

    // The intent of the write that RAM showed was durable before it.
    const { entries } = await pullJournal()
    expect(entries.length).toBeGreaterThanOrEqual(before + 2)
    expect(entries[before]?.record).toMatchObject({ kind: 'begin', goal: 'applied' })
    expect(entries.at(-1)?.record.kind).not.toBe('end')
    await expectGone(writes)
    await expectApplies(booted, writes)
  })

  it('in the middle of an append leaves a torn line, behind which the journal goes on', async () => {
    // QEMU keeps every byte that Dom0 gave to the disk, so the torn line is made by hand.
    const before = (await pullJournal()).entries.length
    await xen.machine.run(`printf 'rwj1 ${before + 1} 0bad' >> ${JOURNAL} && sync`)
    expect((await pullJournal()).tail).toMatchObject({ kind: 'torn', terminated: false })
    expect(await reweaveDone(xen.machine, ['status', FIX])).toMatchObject([{ state: 'applied' }])

    await reweaveDone(xen.machine, ['revert', FIX])
    const { entries, tail } = await pullJournal()
    expect(entries[before]?.record.kind).toBe('resumed')
    expect(entries.at(-1)?.record).toMatchObject({ kind: 'end', result: { kind: 'completed' } })
    expect(tail).toEqual({ kind: 'clean' })
  })
})
