import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assessHost } from '../src/advisory/assess-host.ts'
import type { Verdict } from '../src/advisory/exposure.ts'
import type { HostFacts } from '../src/advisory/host-facts.ts'
import { parseBuildId } from '../src/image/build-id.ts'
import { PAGE, readShippedData, renderPage } from '../tools/advisory-page.ts'

const { advisories, catalogue, lab } = readShippedData()

/**
 * The right answer for the lab's machine, and why: written by hand, each checked against its advisory
 * and not generated. Xen 4.17.5+72 as Debian built it (shadow paging, livepatch, no Flask), an
 * AMD CPU older than Zen, a PV Dom0 with C xenstored, xl and tools of 4.17.7+13, Linux 6.1.192; one
 * PV and one PVH guest with one vCPU each, direct kernel boot, no network, no PCI device.
 */
const ANSWERS: readonly (readonly [xsa: number, verdict: Verdict, why: string])[] = [
  [105, 'not-affected', 'no HVM guest, and 4.5 began with the fix'],
  [106, 'not-affected', 'no HVM guest, and 4.5 began with the fix'],
  [107, 'not-affected', '4.4 alone had the flaw'],
  [108, 'not-affected', 'no HVM guest, and 4.5 began with the fix'],
  [112, 'not-affected', 'no HVM guest, and 4.5 began with the fix'],
  [119, 'not-affected', 'no HVM guest, and 4.6 began with the fix'],
  [120, 'not-affected', 'nothing is passed through, and Linux is far later than 3.19'],
  [121, 'not-affected', 'no HVM guest, and 4.6 began with the fix'],
  [122, 'not-affected', '4.6 began with the fix'],
  [123, 'not-affected', '4.6 began with the fix'],
  [477, 'not-affected', 'no HVM guest in shadow mode, and no tracing'],
  [478, 'not-affected', 'varstored belongs to XAPI, the lab has xl'],
  [479, 'affected', 'all x86 systems from 4.6 on, and ibpb-entry is not on the command line'],
  [480, 'not-affected', "EPT is Intel's"],
  [481, 'not-affected', 'began with 4.18'],
  [482, 'not-affected', 'no guest has secure boot to circumvent'],
  [483, 'not-affected', 'the C xenstored runs, not oxenstored'],
  [484, 'fixed', "Dom0's tools are of 4.17.7+13, the fix is of 4.17.6+9"],
  [485, 'fixed', "Dom0's Linux is 6.1.192, the fix is of 6.1.170"],
  [486, 'affected', 'a PVH guest may use grant table v2'],
  [487, 'not-affected', 'no guest has secure boot to circumvent'],
  [488, 'not-affected', 'the CPU is no Zen1'],
  [489, 'not-affected', 'no XAPI'],
  [490, 'not-affected', 'the CPU is no Zen2'],
  [491, 'not-affected', 'no HVM guest'],
  [492, 'affected', 'all versions from 3.3 on'],
  [493, 'not-affected', 'x86, not Arm'],
  [494, 'affected', 'a 64-bit PV guest, and a build with shadow paging'],
  [495, 'affected', 'a PV guest, and a build with shadow paging'],
  [496, 'not-affected', 'began with 4.21'],
  [497, 'not-affected', 'no guest is booted with pygrub'],
  [498, 'not-affected', 'no XAPI'],
  [499, 'affected', 'all versions from 4.0 on'],
  [500, 'affected', 'all versions from 4.2 on with grant tables'],
  [501, 'not-affected', 'no guest has two vCPUs to race with'],
  [502, 'not-affected', 'no HVM guest, no vNUMA'],
  [503, 'not-affected', 'no HVM guest'],
  [504, 'not-affected', 'no HVM guest, no Viridian'],
  [505, 'affected', 'all versions from 4.5 on'],
  [506, 'not-affected', 'no HVM guest, so no device model'],
  [507, 'not-affected', 'no guest was started in populate-on-demand mode'],
  [508, 'not-affected', 'no guest is booted with pygrub'],
  [509, 'not-affected', 'no HVM guest, nothing passed through'],
  [510, 'not-affected', 'no HVM guest, nothing passed through'],
  [511, 'not-affected', 'neither xsm=silo nor scrub-domheap'],
  [512, 'not-affected', 'the C xenstored runs, not oxenstored'],
  [513, 'not-affected', 'no tapdisk'],
  [514, 'not-affected', '4.22 alone, as Debian says'],
  [515, 'not-affected', '4.19 and later, as Debian says'],
  [516, 'unknown', 'the advisory is not at hand; XPTI is of x86, as the lab is'],
  [517, 'unknown', 'the advisory is not at hand; the lab has grant tables'],
  [518, 'not-affected', 'VMX is of other CPUs'],
  [519, 'not-affected', 'x86, not Arm'],
  [520, 'unknown', 'the advisory is not at hand; the lab has grant tables'],
  [521, 'not-affected', 'blktap, as Debian says; there is no tapdisk'],
  [522, 'not-affected', 'no guest has a network backend outside Dom0'],
  [523, 'unknown', 'the advisory is not at hand; the lab has grant tables'],
]

function verdicts(facts: HostFacts): ReadonlyMap<number, Verdict> {
  const policy = { denialOfServiceCounts: true }
  return new Map(
    advisories.map((advisory) => [
      advisory.xsa,
      assessHost(advisory, facts, { catalogue, policy }).verdict,
    ]),
  )
}

function xsasThatAre(wanted: Verdict, facts: HostFacts): readonly number[] {
  return [...verdicts(facts)].filter(([, verdict]) => verdict === wanted).map(([xsa]) => xsa)
}

const NEW_BUILD = parseBuildId('151b373fd64b321593bf987fd923cd10dabadac4')
const affected = xsasThatAre('affected', lab.facts)

describe('the exposure of the lab', () => {
  const found = verdicts(lab.facts)

  it.each(ANSWERS)('to XSA-%i is %s: %s', (xsa, verdict) => {
    expect(found.get(xsa)).toBe(verdict)
  })

  it('is answered for every advisory that comes with Reweave, and for no other', () => {
    expect(ANSWERS.map(([xsa]) => xsa)).toEqual(advisories.map(({ xsa }) => xsa))
  })

  it('has, on its page, every answer', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(renderPage({ advisories, catalogue, lab }))
  })
})

describe('the exposure of the lab, had it', () => {
  it('booted the newer build, leaves nothing open', () => {
    const config = { options: { ...lab.facts.config?.options }, whole: true }
    delete config.options['CONFIG_SHADOW_PAGING']
    const facts = { ...lab.facts, buildId: NEW_BUILD, xenVersion: '4.17.7', config }
    expect(xsasThatAre('affected', facts)).toEqual([])
    expect(xsasThatAre('unknown', facts)).toEqual([])
  })

  it('installed the newer build and not booted it, is fixed on disk and open in memory', () => {
    const facts = { ...lab.facts, diskBuildId: NEW_BUILD }
    // No build fixes XSA-495: what counts is whether shadow paging is built in.
    expect(xsasThatAre('affected', facts)).toEqual([495])
    const policy = { denialOfServiceCounts: true }
    for (const advisory of advisories.filter(({ xsa }) => affected.includes(xsa) && xsa !== 495)) {
      const exposure = assessHost(advisory, facts, { catalogue, policy })
      expect(exposure).toMatchObject({ verdict: 'fixed', memory: 'false', disk: 'true' })
    }
  })

  it('a fix in memory, is fixed until it reboots', () => {
    const fix = { name: 'xsa-500', advisory: 'XSA-500', channel: 'dma', state: 'applied' } as const
    expect(verdicts({ ...lab.facts, memoryFixes: [fix] }).get(500)).toBe('fixed')
  })

  it('an HVM guest besides, is open to what HVM guests can do', () => {
    const guestTypes = { ...lab.facts.guestTypes, hvm: 1 }
    const facts = { ...lab.facts, guestTypes }
    const further = xsasThatAre('affected', facts).filter((xsa) => !affected.includes(xsa))
    expect(further).toEqual([503])
  })

  it('nobody who looked inside its guests, is unknown where that matters and nowhere else', () => {
    const { features } = lab.facts
    const declared = lab.declared?.features?.absent ?? []
    const seen = (name: string): boolean => !declared.includes(name)
    const absent = features?.absent === 'rest' ? [] : (features?.absent ?? []).filter(seen)
    const facts = { ...lab.facts, features: { present: features?.present ?? [], absent } }
    const unknown = xsasThatAre('unknown', facts)
    expect(unknown).toEqual([482, 487, 507, 508, 516, 517, 520, 522, 523])
    expect(xsasThatAre('affected', facts)).toEqual(affected)
  })
})
