import { describe, expect, it } from 'vitest'
import { rangeEnd } from '../../address/address-range.ts'
import { readCodeText } from '../../hotfix/code-text.ts'
import { linkCode } from '../link-code.ts'
import { lockCalls, sameLocks } from './lock-calls.ts'
import { hypervisorOf, partAt } from './testing/sample-hypervisor.ts'

const IMAGE = hypervisorOf({
  text: [
    { name: '_spin_lock', code: 'c3' },
    { name: '_spin_unlock', code: 'c3' },
    { name: 'block_clock', code: 'c3' },
    { name: 'old', code: 'e8 {pc32 _spin_lock}  e8 {pc32 block_clock}  c3' },
    { name: 'old.cold', file: 'a.c', code: 'e9 {pc32 _spin_unlock}' },
  ],
})

function locks(code: string) {
  const start = rangeEnd(IMAGE.text)
  const text = readCodeText(code)
  const targets = text.relocations.map(({ target }) => partAt(IMAGE, target.symbol))
  const linked = linkCode(text, start, targets)
  const symbol = IMAGE.functionAt(partAt(IMAGE, 'old'))
  if (linked.kind !== 'linked' || symbol === undefined) throw new Error('The sample is none')
  return lockCalls(IMAGE, [symbol], [{ start, bytes: linked.bytes }])
}

describe('lockCalls()', () => {
  it('names what takes and gives back locks, in functions and their cold parts', () => {
    const same = locks('e8 {pc32 _spin_unlock}  e8 {pc32 _spin_lock}  e8 {pc32 _spin_lock}  c3')
    expect(same.old).toEqual(['_spin_lock', '_spin_unlock'])
    expect(same.new).toEqual(['_spin_lock', '_spin_unlock'])
    expect(sameLocks(same)).toBe(true)
  })

  it('tells new code that locks otherwise', () => {
    const other = locks('e8 {pc32 _spin_lock}  e8 {pc32 block_clock}  c3')
    expect(other.new).toEqual(['_spin_lock'])
    expect(sameLocks(other)).toBe(false)
  })
})
