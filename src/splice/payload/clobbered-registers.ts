/**
 * The registers that a replaced function may leave with other values than its callers count on.
 *
 * gcc's `-fipa-ra` lets a caller keep a value in a register over a direct call of a function that
 * does not touch the register, whatever the calling convention says. A replaced caller and callee
 * were compiled together; but a CPU inside of the old caller, once the callee is switched, comes to
 * the new callee.
 *
 * @module
 */

import type { VirtualAddress } from '../../address/address.ts'
import { type AddressRange, contains } from '../../address/address-range.ts'
import type { Image, ImageSymbol } from '../../image/image.ts'
import type { ImageReferences } from '../../image/image-references.ts'
import { imageAlternatives } from '../../image/image-tables.ts'
import type { GeneralRegister } from '../../x86/general-register.ts'
import { registerWrites } from '../../x86/written-registers.ts'
import { isColdPart } from '../cold-part.ts'
import type { CheckedFunction, CheckedPayload } from './check-splice-order.ts'
import type { ReplacedFunction } from './needed-switches.ts'
import type { SpliceRefusal } from './splice-refusal.ts'

/** System V ABI, AMD64 supplement, figure 3.4: what a callee need not preserve. */
export const CALLER_SAVED: readonly GeneralRegister[] = [
  'rax',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
]

/** New functions that are switched to while an old caller may run that knows only the old ones. */
export function moreClobbered(
  image: Image,
  references: ImageReferences,
  functions: readonly CheckedFunction[],
  reached: readonly ReplacedFunction[],
  linked: CheckedPayload['linked'],
): readonly SpliceRefusal[] {
  return functions.flatMap(({ name, symbol, code }, index): SpliceRefusal[] => {
    if (reached[index]?.reachedBy === undefined) return []
    const start = linked.sections.find(({ section }) => section === code.section)?.start
    if (start === undefined) return []
    const made = clobbersAtMost(image, linked, (start + BigInt(code.offset)) as VirtualAddress)
    const others = functions.filter((other) => other.symbol !== symbol)
    const relying = relyingCaller(image, references, symbol, made, others)
    return relying === undefined ? [] : [{ kind: 'clobbers-more', function: name, ...relying }]
  })
}

/**
 * The first of the replaced functions whose old code may keep a value over the call in one of the
 * registers of `made`, directly or over functions in between that are not replaced.
 */
function relyingCaller(
  image: Image,
  references: ImageReferences,
  callee: ImageSymbol,
  made: ReadonlySet<GeneralRegister>,
  replaced: readonly CheckedFunction[],
): { readonly caller: string; readonly registers: readonly GeneralRegister[] } | undefined {
  const seen = new Set<VirtualAddress>()
  const open = [{ address: callee.address, over: made }]
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { address, over } = next
    if (seen.has(address)) continue
    seen.add(address)
    const old = clobbersAtLeast(image, address)
    const kept = new Set([...over].filter((register) => !old.has(register)))
    if (kept.size === 0) continue
    for (const { from, form } of references.to(byteAt(address))) {
      if (form !== 'call' && form !== 'jump') continue
      const caller = replaced.find((other) => isIn(image, other.symbol, from))
      if (caller !== undefined) {
        const registers = CALLER_SAVED.filter((register) => kept.has(register))
        return { caller: caller.name, registers }
      }
      const between = image.functionAt(from)
      if (between !== undefined) open.push({ address: between.address, over: kept })
    }
  }
  return undefined
}

/** Whether the address is in the function or in a part that was split off it. */
function isIn(image: Image, whole: ImageSymbol, address: VirtualAddress): boolean {
  const owner = image.functionAt(address)
  return owner !== undefined && (owner.address === whole.address || isColdPart(image, owner, whole))
}

/** A run of code, as far as it is to be read for one place in it. */
interface Code extends AddressRange<VirtualAddress> {
  readonly bytes: Uint8Array
}

/** What is certain to be written by the old function and all that it calls: gcc saw no less. */
function clobbersAtLeast(image: Image, entry: VirtualAddress): ReadonlySet<GeneralRegister> {
  return collected(entry, (address) => codeInImage(image, address), false)
}

/** What may be written by the new code and all that it calls. */
function clobbersAtMost(
  image: Image,
  { sections, alternatives }: CheckedPayload['linked'],
  entry: VirtualAddress,
): ReadonlySet<GeneralRegister> {
  const inPayload = sections
    .filter(({ kind }) => kind === 'code')
    .map(({ start, bytes }) => ({ start, byteLength: bytes.byteLength, bytes }))
  const rewritten = [
    ...alternatives.map(({ site }) => site),
    ...imageAlternatives(image).map(({ site }) => site.start),
  ]
  const codeAt = (address: VirtualAddress): Code | undefined => {
    const code =
      inPayload.find((each) => contains(each, byteAt(address))) ?? codeInImage(image, address)
    // What is put over a site may be anything.
    const isRewritten = rewritten.some((site) => code && contains(code, byteAt(site)))
    return isRewritten ? undefined : code
  }
  return collected(entry, codeAt, true)
}

function codeInImage(image: Image, address: VirtualAddress): Code | undefined {
  const owner = image.functionAt(address)
  if (owner === undefined) return undefined
  const range = { start: owner.address, byteLength: owner.byteLength }
  const bytes = image.bytesAt(range)
  return bytes && { ...range, bytes }
}

function byteAt(start: VirtualAddress): AddressRange<VirtualAddress> {
  return { start, byteLength: 1 }
}

/**
 * The caller-saved registers written by the code at `entry` and by what it goes to. An indirect call
 * writes all: no compiler knows more of it. `doubtful` says whether what cannot be told counts.
 */
function collected(
  entry: VirtualAddress,
  codeAt: (address: VirtualAddress) => Code | undefined,
  doubtful: boolean,
): ReadonlySet<GeneralRegister> {
  const all = new Set(CALLER_SAVED)
  const written = new Set<GeneralRegister>()
  const seen = new Set<VirtualAddress>()
  const open = [entry]
  for (let address = open.shift(); address !== undefined; address = open.shift()) {
    const code = codeAt(address)
    if (code === undefined) {
      if (doubtful) return all
      continue
    }
    if (seen.has(code.start)) continue
    seen.add(code.start)
    const writes = registerWrites(code.bytes, code.start)
    const isUnknown = writes.jumpsIndirectly || writes.unclear
    if (writes.callsIndirectly || (isUnknown && doubtful)) return all
    for (const register of writes.registers) if (all.has(register)) written.add(register)
    if (written.size === all.size) return all
    open.push(...writes.goesTo)
  }
  return written
}
