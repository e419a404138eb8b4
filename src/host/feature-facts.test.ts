import { describe, expect, it } from 'vitest'
import type { Domain } from '../xen/domains.ts'
import type { Dom0Process } from './dom0-processes.ts'
import { type FeatureEvidence, featuresFrom } from './feature-facts.ts'

const NOTHING: FeatureEvidence = { processes: [], domains: undefined, xenstored: undefined }

function process(name: string, uid = 0, ...words: readonly string[]): Dom0Process {
  return { pid: 100, name, uid, arguments: [name, ...words] }
}

function guest(id: number, changes: Partial<Domain> = {}): Domain {
  return {
    id,
    type: 'pvh',
    state: 'running',
    onlineVcpus: 1,
    maxVcpus: 1,
    memoryKib: 98304,
    hap: true,
    xenstore: false,
    ...changes,
  }
}

const DOM0 = guest(0, { type: 'pv', hap: false, maxVcpus: 8 })

describe('featuresFrom()', () => {
  it('settles nothing about guests that it cannot list', () => {
    const { present, absent } = featuresFrom(NOTHING)
    expect(present).toEqual([])
    expect(absent).toEqual(['cxenstored', 'oxenstored', 'tapdisk'])
  })

  it('knows which xenstored runs, and that there is then no other', () => {
    const features = featuresFrom({ ...NOTHING, processes: [process('oxenstored')] })
    expect(features.present).toEqual(['oxenstored'])
    expect(features.absent).toContain('cxenstored')
    expect(features.absent).toContain('xenstore-stubdomain')
  })

  it("knows Xenstore's domain by its flag", () => {
    const domains = [DOM0, guest(1, { xenstore: true })]
    expect(featuresFrom({ ...NOTHING, domains }).present).toContain('xenstore-stubdomain')
  })

  it('knows from its program whether xenstored asserts', () => {
    const asserts = new TextEncoder().encode('\0__assert_fail\0')
    expect(featuresFrom({ ...NOTHING, xenstored: asserts }).present).toContain('xenstored-asserts')
    const silent = new TextEncoder().encode('\0abort\0')
    expect(featuresFrom({ ...NOTHING, xenstored: silent }).absent).toContain('xenstored-asserts')
  })

  it("does not count Dom0's vCPUs, nor those of a guest that is gone", () => {
    const dying = guest(2, { maxVcpus: 4, state: 'dying' })
    expect(featuresFrom({ ...NOTHING, domains: [DOM0, guest(1), dying] }).absent).toContain(
      'multi-vcpu-guests',
    )
    const two = guest(1, { maxVcpus: 2 })
    expect(featuresFrom({ ...NOTHING, domains: [DOM0, two] }).present).toContain(
      'multi-vcpu-guests',
    )
  })

  describe('about device models', () => {
    const hvm = guest(1, { type: 'hvm' })
    const qemu = (uid: number): Dom0Process => process('qemu-system-i38', uid, '-xen-domid', '1')

    it('says that there are none without HVM guests', () => {
      const { absent } = featuresFrom({ ...NOTHING, domains: [DOM0, guest(1)] })
      expect(absent).toEqual(
        expect.arrayContaining(['deprivileged-device-model', 'qemu-stubdomain']),
      )
    })

    it('takes one that runs as another user for de-privileged', () => {
      const evidence = { ...NOTHING, domains: [DOM0, hvm], processes: [qemu(1001)] }
      const { present } = featuresFrom(evidence)
      expect(present).toContain('deprivileged-device-model')
    })

    it('settles it where every HVM guest has one here with full privileges', () => {
      const { absent } = featuresFrom({
        ...NOTHING,
        domains: [DOM0, hvm],
        processes: [qemu(0)],
      })
      expect(absent).toEqual(
        expect.arrayContaining(['deprivileged-device-model', 'qemu-stubdomain']),
      )
    })

    it('leaves it open where a guest has none here', () => {
      const { present, absent } = featuresFrom({
        ...NOTHING,
        domains: [DOM0, hvm, guest(2, { type: 'hvm' })],
        processes: [qemu(0)],
      })
      for (const name of ['qemu-stubdomain', 'deprivileged-device-model'] as const) {
        expect([...present, ...absent]).not.toContain(name)
      }
    })
  })
})
