import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileC, compileObject, linkImage } from '../../test/testing/compile-c.ts'
import { alignUp, type VirtualAddress, virtualAddress } from '../address/address.ts'
import { R_X86_64, SHF } from '../elf/definitions.ts'
import { readElf } from '../elf/read.ts'
import type { Image } from '../image/image.ts'
import type { Patch } from '../diff/patch.ts'
import { sampleImage } from '../image/testing/sample-image.ts'
import { linkPayload, type PayloadLinked } from './link-payload.ts'
import { describeLinkRefusal, type LinkRefusal } from './link-refusal.ts'
import type { Payload } from './payload.ts'
import { payloadCode } from './payload-code.ts'
import { patchFromObject } from './testing/object-patch.ts'
import { emitted, readWell, smallImage, smallPatch } from './testing/sample-payload.ts'
import { SAMPLE_AFTER, SAMPLE_ALTERNATIVES, SAMPLE_BEFORE } from './testing/sample-patch.ts'
import { readXenNames } from './xen-names.ts'

const HOOK = 'int hooked(int value) { return value; }\nint (*const hook)(int) = hooked;\n'

function compiledImage(): Image {
  return linkImage([compileObject('check.c', SAMPLE_BEFORE), compileObject('hook.c', HOOK)])
}

function compiledPatch(image: Image, source: string, added: readonly string[] = []): Patch {
  const found = image.find('check')
  if (found.kind !== 'found') throw new Error('The image has no function to replace')
  return patchFromObject({
    elf: compileC('check.c', source),
    object: 'check.o',
    file: 'check.c',
    replaced: new Map([['check', found.symbol.byteLength]]),
    added,
  })
}

/** Every section of the payload's code behind the image, with room between them. */
function spread(payload: Payload, image: Image, from = 0x100_0000): Map<number, VirtualAddress> {
  const places = new Map<number, VirtualAddress>()
  let at = virtualAddress(image.start + BigInt(from))
  for (const { section, byteLength, alignment } of payloadCode(payload)) {
    at = alignUp(virtualAddress(at + 0x123n), alignment)
    places.set(section, at)
    at = virtualAddress(at + BigInt(byteLength))
  }
  return places
}

function linkedWell(payload: Payload, image: Image): PayloadLinked & { kind: 'linked' } {
  const linked = linkPayload(payload, spread(payload, image), image)
  if (linked.kind === 'linked') return linked
  throw new Error(linked.refusals.map(describeLinkRefusal).join('\n'))
}

function refusalsOf(
  payload: Payload,
  image: Image,
  places = spread(payload, image),
): readonly LinkRefusal[] {
  const linked = linkPayload(payload, places, image)
  if (linked.kind === 'linked') throw new Error('This was to be refused')
  for (const refusal of linked.refusals) expect(describeLinkRefusal(refusal)).toMatch(/\w/)
  return linked.refusals
}

/** What GNU ld makes of the same sections at the same places. */
function linkedByLd(bytes: Uint8Array, payload: Payload, image: Image): Map<string, Uint8Array> {
  const names = readXenNames(image)
  const symbols = payload.elf.symbols.flatMap(({ index, name, section }) => {
    const found = names.lookUp(name)
    return index > 0 && section === 'undefined' && found.kind === 'found'
      ? [`"${name}" = ${found.address};`]
      : []
  })
  const places = spread(payload, image)
  const sections = payloadCode(payload).map(
    ({ section, name }) => `${name} ${places.get(section) ?? 0n} : { *(${name}) }`,
  )
  const script = `${symbols.join('\n')}\nSECTIONS {\n${sections.join('\n')}\n}\n`
  const folder = mkdtempSync(path.join(tmpdir(), 'reweave-link-'))
  try {
    writeFileSync(path.join(folder, 'made.livepatch'), bytes)
    writeFileSync(path.join(folder, 'places.lds'), script)
    const args = ['-T', 'places.lds', '--no-relax', '-e', '0', '-o', 'linked', 'made.livepatch']
    execFileSync('ld', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    const result = readElf(new Uint8Array(readFileSync(path.join(folder, 'linked'))))
    if (result.kind === 'refused') throw new Error(result.refusal.field)
    return new Map(
      result.elf.sections.map(({ name, bytes: made }) => [name, made ?? new Uint8Array()]),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('payloadCode()', () => {
  it('lists what the new functions reach, and nothing that only the loader reads', () => {
    const image = compiledImage()
    const patch = compiledPatch(image, SAMPLE_AFTER, ['bounded', 'bounds', 'reporters'])
    const code = payloadCode(readWell(emitted(patch, image)))
    expect(code.map(({ name, kind }) => [name, kind])).toEqual([
      ['.text.bounded', 'code'],
      ['.rodata.check.str1.1', 'constant'],
      ['.text.check', 'code'],
      ['.data.rel.ro.local.reporters', 'constant'],
      ['.rodata.bounds', 'constant'],
    ])
  })

  it('leaves out what nothing reaches', () => {
    const patch = smallPatch()
    const [first] = patch.pieces
    if (first === undefined) throw new Error('The patch has pieces')
    const lonely = { ...first, id: 'lonely', section: '.text.lonely', relocations: [] }
    const payload = readWell(emitted({ ...patch, pieces: [...patch.pieces, lonely] }, smallImage()))
    expect(payload.elf.sections.map(({ name }) => name)).toContain('.text.lonely')
    expect(payloadCode(payload).map(({ name }) => name)).not.toContain('.text.lonely')
  })
})

describe('linkPayload()', () => {
  it('gives the bytes that ld gives', () => {
    const image = compiledImage()
    const patch = compiledPatch(image, SAMPLE_AFTER, ['bounded', 'bounds', 'reporters'])
    const bytes = emitted(patch, image)
    const payload = readWell(bytes)
    const { sections } = linkedWell(payload, image)
    const wanted = linkedByLd(bytes, payload, image)
    expect(sections).toHaveLength(5)
    for (const { name, bytes: made } of sections) {
      expect([name, made]).toEqual([name, new Uint8Array(wanted.get(name) ?? [])])
    }
  })

  it('says where each new function begins', () => {
    const image = compiledImage()
    const payload = readWell(
      emitted(compiledPatch(image, SAMPLE_AFTER, ['bounded', 'bounds', 'reporters']), image),
    )
    const [linked] = linkedWell(payload, image).functions
    const check = image.find('check')
    expect(linked?.oldAddress).toBe(check.kind === 'found' ? check.symbol.address : undefined)
    const code = payload.functions[0]?.code
    expect(linked?.newAddress).toBe(spread(payload, image).get(code?.section ?? 0))
  })

  it('leaves the payload as it was', () => {
    const payload = readWell(emitted(smallPatch(), smallImage()))
    const before = payload.elf.sections.map(({ bytes }) => bytes?.slice())
    linkedWell(payload, smallImage())
    expect(payload.elf.sections.map(({ bytes }) => bytes?.slice())).toEqual(before)
  })

  it('decodes alternatives, with replacements as they would be at their sites', () => {
    const image = compiledImage()
    const payload = readWell(emitted(compiledPatch(image, SAMPLE_ALTERNATIVES), image))
    const { alternatives, sections } = linkedWell(payload, image)
    const code = sections.find(({ name }) => name === '.text.check')
    const printk = image.find('printk')
    const hook = image.find('hook')
    if (code === undefined || printk.kind !== 'found' || hook.kind !== 'found') {
      throw new Error('The image has both')
    }
    const [stac, call, indirect] = alternatives
    expect(alternatives).toHaveLength(3)
    expect(stac).toMatchObject({ siteByteLength: 3, padByteLength: 3, feature: 33, negated: false })
    expect(stac?.replacement).toEqual(Uint8Array.of(0x0f, 0x01, 0xcb))
    for (const { site, section, offset } of alternatives) {
      expect([section, site]).toEqual([code.section, code.start + BigInt(offset)])
    }
    expect(call).toMatchObject({ siteByteLength: 8, feature: 33, negated: true })
    const displacement = new DataView(call?.replacement.buffer ?? new ArrayBuffer(0), 1)
    expect((call?.site ?? 0n) + 5n + BigInt(displacement.getInt32(0, true))).toBe(
      printk.symbol.address,
    )
    expect(indirect).toMatchObject({ siteByteLength: 6, feature: 608 })
    expect(indirect?.pointer).toBe(hook.symbol.address)
    expect([stac?.pointer, call?.pointer]).toEqual([undefined, undefined])
  })

  it('refuses a replacement that depends on where it lies', () => {
    const image = compiledImage()
    const source = SAMPLE_ALTERNATIVES.replace('"stac"', '"lea hook(%%rip), %%rax"').replace(
      '"0", "lea hook(%%rip), %%rax", "3"',
      '"0", "lea hook(%%rip), %%rax", "7"',
    )
    const payload = readWell(emitted(compiledPatch(image, source), image))
    expect(refusalsOf(payload, image)).toMatchObject([
      { kind: 'alternative-unsupported', entry: 0 },
    ])
  })

  it('counts what would have to be registered', () => {
    const patch = smallPatch()
    const table = (section: string, byteLength: number): Patch['pieces'][0] => ({
      id: section,
      object: 'check.o',
      section,
      flags: SHF.ALLOC,
      entryBytes: 0,
      alignment: 4,
      content: new Uint8Array(byteLength),
      relocations: [],
    })
    const pieces = [
      ...patch.pieces,
      table('.bug_frames.0', 8),
      table('.bug_frames.2', 24),
      table('.ex_table', 16),
    ]
    const linked = linkedWell(readWell(emitted({ ...patch, pieces }, smallImage())), smallImage())
    expect([linked.bugFrames, linked.exceptions]).toEqual([4, 2])
  })

  it('refuses a section without a place, and one that is not aligned', () => {
    const payload = readWell(emitted(smallPatch(), smallImage()))
    const places = spread(payload, smallImage())
    places.set(1, virtualAddress((places.get(1) ?? 0n) + 1n))
    places.delete(2)
    const found = refusalsOf(payload, smallImage(), places)
    expect(found).toMatchObject([
      { kind: 'place-misaligned', section: '.text.check', wantedAlignment: 16 },
      { kind: 'section-without-place', section: '.text.helper' },
    ])
  })

  it('refuses what a displacement does not reach', () => {
    const payload = readWell(emitted(smallPatch(), smallImage()))
    const places = spread(payload, smallImage(), 0x8000_0000)
    expect(refusalsOf(payload, smallImage(), places)).toMatchObject([
      { kind: 'out-of-reach', section: '.text.check', offset: 8 },
    ])
  })

  it('fills a hole of 64 bits with a whole address', () => {
    const patch = smallPatch()
    const pieces = patch.pieces.map((piece, index) =>
      index === 2
        ? {
            ...piece,
            alignment: 8,
            content: new Uint8Array(8),
            relocations: [
              {
                at: 0,
                type: R_X86_64[64],
                target: { kind: 'piece', piece: 'check.o:.text.helper', offset: 0 } as const,
                addend: 2n,
              },
            ],
          }
        : piece,
    )
    const payload = readWell(emitted({ ...patch, pieces }, smallImage()))
    const { sections } = linkedWell(payload, smallImage())
    const constant = sections.find(({ kind }) => kind === 'constant')
    const helper = sections.find(({ name }) => name === '.text.helper')
    const view = new DataView(constant?.bytes.buffer ?? new ArrayBuffer(8))
    expect(view.getBigUint64(0, true)).toBe((helper?.start ?? 0n) + 2n)
  })

  it('refuses a symbol that this image lacks', () => {
    const payload = readWell(emitted(smallPatch(), smallImage()))
    const bare = sampleImage({ text: new Uint8Array(256).fill(0x90) })
    expect(refusalsOf(payload, bare)).toEqual([{ kind: 'symbol-not-found', symbol: 'printk' }])
  })
})
