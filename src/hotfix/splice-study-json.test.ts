import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8Bytes, utf8Text } from './utf8.ts'
import { type SpliceStudy, STUDIED_BYTES } from './splice-study.ts'
import { encodeSpliceStudy, readSpliceStudy } from './splice-study-json.ts'

const SEED = 506

const at = fc.integer({ min: 0, max: (1 << 30) - 1 })
const name = fc.stringMatching(/^[a-z_.0-9]{1,20}$/)
const place = fc.record({ name, at })
const places = fc.uniqueArray(place, { selector: (each) => each.at, maxLength: 6 })
const rising = places.map((each) => each.toSorted((a, b) => a.at - b.at))
const offsets = fc.uniqueArray(fc.integer({ min: 0, max: STUDIED_BYTES - 1 }), { maxLength: 8 })
const arrivals = offsets.chain((all) =>
  fc.nat(all.length).map((cut) => ({
    certain: all.slice(0, cut).toSorted((a, b) => a - b),
    possible: all.slice(cut).toSorted((a, b) => a - b),
  })),
)
const form = fc.constantFrom(
  ...(['call', 'jump', 'operand', 'pointer', 'relative', 'exception', 'bug'] as const),
)
const reachedBy = fc.option(fc.record({ from: at, to: at, form }), { nil: undefined })
const functions = places.chain((all) =>
  fc.tuple(
    ...all.map((each) => fc.record({ reachedBy, arrivals }).map((is) => ({ ...each, ...is }))),
  ),
)
const study: fc.Arbitrary<SpliceStudy> = fc.record({
  functions,
  unrunnable: fc.record({ amd: rising, intel: rising }),
})

const SAMPLE: SpliceStudy = {
  functions: [
    {
      name: 'do_dm_op',
      at: 0x6790,
      reachedBy: { from: 0xc0675, to: 0x6790, form: 'call' },
      arrivals: { certain: [0], possible: [53] },
    },
    { name: 'dm_op', at: 0xaf680, reachedBy: undefined, arrivals: { certain: [0], possible: [] } },
  ],
  unrunnable: { amd: [{ name: 'svm_a', at: 1 }], intel: [{ name: 'vmx_a', at: 2 }] },
}

function readText(text: string): ReturnType<typeof readSpliceStudy> {
  return readSpliceStudy(utf8Bytes(text))
}

const TEXT = utf8Text(encodeSpliceStudy(SAMPLE)) ?? ''

describe('readSpliceStudy()', () => {
  it('reads what encodeSpliceStudy() wrote', () => {
    fc.assert(
      fc.property(study, (each) => {
        expect(readSpliceStudy(encodeSpliceStudy(each))).toEqual({ kind: 'read', study: each })
      }),
      { seed: SEED },
    )
  })

  it('takes no bytes but those that encodeSpliceStudy() writes', () => {
    fc.assert(
      fc.property(fc.nat(TEXT.length - 1), fc.string({ maxLength: 3 }), (index, put) => {
        const text = `${TEXT.slice(0, index)}${put}${TEXT.slice(index + 1)}`
        const read = readText(text)
        const again = read.kind === 'read' ? utf8Text(encodeSpliceStudy(read.study)) : text
        expect(again).toBe(text)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('refuses any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readSpliceStudy(bytes).kind).toBe('malformed')
      }),
      { seed: SEED },
    )
  })

  it.each([
    ['a member that is not known', '"functions":', '"more":1,"functions":', 'more'],
    ['a vendor that is not known', '"amd":', '"via":', 'unrunnable.via'],
    [
      'a place outside of any image',
      '"0x6790","reached',
      '"0x40000000","reached',
      'functions[0].at',
    ],
    ['a place with a leading zero', '"0x6790","reached', '"0x06790","reached', 'functions[0].at'],
    ['a place below the image', '"0xaf680"', '"-0x1"', 'functions[1].at'],
    ['a form that is not known', '"call"', '"guess"', 'functions[0].reachedBy.form'],
    ['an arrival behind what is studied', '[53]', '[64]', 'functions[0].arrivals.possible[0]'],
    ['an arrival that is no whole number', '[53]', '[5.5]', 'functions[0].arrivals.possible[0]'],
    ['arrivals out of order', '[53]', '[53,52]', 'functions[0].arrivals'],
    ['one arrival of both kinds', '[53]', '[0,53]', 'functions[0].arrivals'],
    ['a function twice', '"0xaf680"', '"0x6790"', 'functions'],
    [
      'a function that cannot run twice',
      '[{"name":"svm_a","at":"0x1"}]',
      '[{"name":"svm_a","at":"0x1"},{"name":"svm_b","at":"0x1"}]',
      'unrunnable.amd',
    ],
    ['a name that steers a terminal', '"svm_a"', '"svm\\u001b[2J"', 'unrunnable.amd[0].name'],
    ['other spaces', '{"functions"', '{ "functions"', ''],
  ])('refuses %s', (_, from, to, field) => {
    expect(TEXT).toContain(from)
    expect(readText(TEXT.replace(from, to))).toMatchObject({ kind: 'malformed', field })
  })
})
