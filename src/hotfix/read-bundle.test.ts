import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BundleRefusal } from './bundle-refusal.ts'
import { describeBundleRefusal } from './bundle-refusal.ts'
import { encodeSums, readSums } from './sums.ts'
import { readBundle } from './read-bundle.ts'
import type { HotfixForm } from './manifest.ts'
import { type ArchiveMember, readArchive, writeArchive } from './tar.ts'
import {
  BUILT,
  buildIdOf,
  otherPayload,
  payloadFor,
  WRITTEN,
  XEN,
} from './testing/made-up-bundle.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'
import {
  type BundleDraft,
  BundleDraftError,
  bundleWrittenFix,
  writeBundle,
} from './write-bundle.ts'

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const built = writeBundle(BUILT, sha256).bytes
const written = bundled(WRITTEN)

function bundled(text: string): Uint8Array {
  const outcome = bundleWrittenFix(text, { reweave: '0.1.0', sha256 })
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.problems))
  return outcome.bundle.bytes
}

function refusalOf(bytes: Uint8Array): BundleRefusal | undefined {
  const read = readBundle(bytes, sha256)
  return read.kind === 'refused' ? read.refusal : undefined
}

/** The bundle with its members changed, and a list of sums that fits them. */
function remade(
  bytes: Uint8Array,
  change: (members: ArchiveMember[]) => readonly ArchiveMember[],
): Uint8Array {
  const archive = readArchive(bytes)
  if (archive.kind !== 'read') throw new Error(archive.kind)
  const members = change(archive.members.slice(0, -1))
  return writeArchive([...members, { name: 'SHA256SUMS', bytes: encodeSums(members, sha256) }])
}

/** The bundle with another manifest. */
function retold(
  bytes: Uint8Array,
  change: (manifest: Record<string, unknown>) => unknown,
): Uint8Array {
  return remade(bytes, ([manifest, ...rest]) => {
    const value = JSON.parse(utf8Text(manifest?.bytes ?? new Uint8Array(0)) ?? '') as object
    return [
      { name: 'manifest.json', bytes: utf8Bytes(JSON.stringify(change({ ...value }))) },
      ...rest,
    ]
  })
}

/** The built bundle with another file in place of its study, which the manifest lists. */
function remadeStudy(bytes: Uint8Array): Uint8Array {
  const isStudy = ({ name: each }: { readonly name: string }): boolean => each === 'splice.json'
  const swapped = remade(built, (members) =>
    members.map((each) => (isStudy(each) ? { ...each, bytes } : each)),
  )
  return retold(swapped, (m) => ({
    ...m,
    members: (m['members'] as { readonly name: string }[]).map((each) =>
      isStudy(each) ? { ...each, byteLength: bytes.length, sha256: sha256(bytes) } : each,
    ),
  }))
}

const name = fc.stringMatching(/^[a-z0-9]{1,12}$/)
const lineText = fc
  .string({ minLength: 1, maxLength: 60, unit: 'binary' })
  .filter((text) => !/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/u.test(text) && text.trim() === text)

const drafts: fc.Arbitrary<BundleDraft> = fc
  .record({
    name,
    title: lineText,
    onTopOf: fc.option(name, { nil: undefined }),
    labOnly: fc.boolean(),
    advisory: fc.constantFrom('XSA-1', undefined),
    reasons: fc.array(lineText, { maxLength: 3 }),
    functions: fc.nat({ max: 40 }),
  })
  .map(({ functions, reasons, ...said }) => ({
    ...BUILT,
    ...said,
    functions: Array.from({ length: functions }, (_, index) => ({
      name: `f${index}`,
      file: index % 2 === 0 ? undefined : 'common/f.c',
      kind: 'added' as const,
      oldAddress: undefined,
      oldByteLength: undefined,
      newByteLength: index,
    })),
    forms: BUILT.forms.map((form) => {
      if (form.kind !== 'splice') return form
      return { ...form, reasons, study: reasons.length === 0 ? form.study : undefined }
    }),
    study: reasons.length === 0 ? BUILT.study : undefined,
  }))

describe('readBundle(), given more than a bundle holds', () => {
  it('looks at no list of sums that is longer than any can be', () => {
    const archive = readArchive(written)
    const members = archive.kind === 'read' ? archive.members.slice(0, -1) : []
    const sums = utf8Bytes(`${'0'.repeat(64)}  x\n`.repeat(100))
    expect(refusalOf(writeArchive([...members, { name: 'SHA256SUMS', bytes: sums }]))).toEqual({
      kind: 'altered-archive',
      part: 'SHA256SUMS',
    })
    expect(readSums(utf8Bytes(`${'0'.repeat(64)}  x\n`))?.size).toBe(1)
    expect(readSums(encodeSums([{ name: 'x'.repeat(5000), bytes: sums }], sha256))).toBeUndefined()
  })

  it('says of a fix that is too long how many bytes it has, and does not decode it', () => {
    const bytes = new Uint8Array(1_000_000)
    const long = remade(written, (members) =>
      members.map((each) => (each.name === 'fix.yaml' ? { ...each, bytes } : each)),
    )
    const listed = [{ name: 'fix.yaml', byteLength: bytes.length, sha256: sha256(bytes) }]
    expect(refusalOf(retold(long, (m) => ({ ...m, members: listed })))).toMatchObject({
      kind: 'malformed-fix',
      problems: [{ found: '1000000 bytes' }],
    })
  })
})

describe('writeBundle() and readBundle()', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(drafts, (draft) => {
        const { payload, study, fix, ...said } = draft
        const read = readBundle(writeBundle(draft, sha256).bytes, sha256)
        expect(read).toMatchObject({ kind: 'read', bundle: { manifest: said, study, fix } })
        expect(read.kind === 'read' && read.bundle.payload?.bytes).toEqual(payload)
      }),
      { seed: 20261122, numRuns: 60 },
    )
  })

  it('make the same bytes of equal drafts, in whatever order their fields stand', () => {
    const { base, ...rest } = BUILT
    const other = { ...rest, base: { version: base.version, buildId: base.buildId } }
    expect(writeBundle(BUILT, sha256).digest).toBe(writeBundle({ ...BUILT }, sha256).digest)
    expect(readBundle(writeBundle(other, sha256).bytes, sha256).kind).toBe('read')
    expect(writeBundle(other, sha256).digest).toBe(writeBundle(BUILT, sha256).digest)
  })

  it('carry a fix file as it was written', () => {
    const read = readBundle(written, sha256)
    expect(read).toMatchObject({
      kind: 'read',
      bundle: {
        manifest: {
          name: 'xsa-108',
          base: { buildId: XEN },
          origin: { kind: 'written' },
          forms: [{ kind: 'splice', member: 'fix.yaml', reasons: [] }],
        },
        fix: { name: 'xsa-108', title: 'Reads beyond a page – of MSRs' },
      },
    })
    const archive = readArchive(written)
    const member = archive.kind === 'read' ? archive.members[1] : undefined
    expect(utf8Text(member?.bytes ?? new Uint8Array(0))).toBe(WRITTEN)
  })
})

describe('bundleWrittenFix()', () => {
  it('refuses a fix file that is none, with all its problems', () => {
    const text = WRITTEN.replace('XSA-108', 'CVE-1').replace('81 ff ff 08', '81 ff ff')
    const outcome = bundleWrittenFix(text, { reweave: '0.1.0', sha256 })
    expect(outcome.kind === 'refused' && outcome.problems.length).toBe(2)
  })
})

describe('writeBundle()', () => {
  it.each<[string, Partial<BundleDraft>]>([
    ['for another build than its payload', { payload: payloadFor(buildIdOf('77')) }],
    ['with a name that none may have', { name: 'XSA 506' }],
    ['with nothing in it', { payload: undefined, forms: [] }],
    ['with a form whose member is not there', { payload: undefined, fix: WRITTEN }],
    ['with a payload to be spliced in, and no study', { study: undefined }],
  ])('makes no bundle %s', (_what, change) => {
    expect(() => writeBundle({ ...BUILT, ...change }, sha256)).toThrow(BundleDraftError)
  })
})

describe('readBundle()', () => {
  it.each([
    ['built', built],
    ['written', written],
  ])('refuses a %s bundle that is cut, wherever', (_what, bytes) => {
    expect(refusalOf(new Uint8Array(0))?.kind).toBe('not-a-bundle')
    for (let length = 1; length < bytes.length; length += 1) {
      expect(refusalOf(bytes.subarray(0, length))?.kind).toBe('cut')
    }
  })

  it.each([
    ['built', built],
    ['written', written],
  ])('refuses a %s bundle of which any bit changed', (_what, bytes) => {
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        const refusal = refusalOf(changed)
        expect(refusal && describeBundleRefusal(refusal)).toMatch(/^(?:is|was|has|holds|lacks)/)
      }),
      { seed: 20261122, numRuns: 1500 },
    )
  })

  it('refuses bytes from anywhere, and never throws', () => {
    const prefix = built.slice(0, 512)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), (bytes, withHeader) => {
        const file = withHeader ? Uint8Array.from([...prefix, ...bytes]) : bytes
        expect(readBundle(file, sha256).kind).toBe('refused')
      }),
      { seed: 20261122 },
    )
  })

  it('says which member was altered', () => {
    const archive = readArchive(built)
    const payload = archive.kind === 'read' ? archive.members[1] : undefined
    const at = (payload?.bytes.byteOffset ?? 0) + 40
    const changed = built.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(refusalOf(changed)).toMatchObject({
      kind: 'altered-member',
      member: 'payload.livepatch',
      wanted: sha256(payload?.bytes ?? new Uint8Array(0)),
    })
  })

  it('says of what is no bundle that it is none', () => {
    for (const bytes of [utf8Bytes('#!/bin/sh\n'), otherPayload(), utf8Bytes(WRITTEN)]) {
      expect(refusalOf(bytes)).toMatchObject({ kind: 'not-a-bundle' })
    }
  })

  it('refuses bytes behind the end', () => {
    const longer = Uint8Array.from([...built, ...new Uint8Array(512)])
    expect(refusalOf(longer)).toEqual({ kind: 'altered-archive', part: 'the end of the archive' })
  })

  it('names a later version of the format, whatever else that holds', () => {
    const later = retold(built, () => ({ formatVersion: 2, colour: 'blue' }))
    expect(refusalOf(later)).toEqual({ kind: 'unknown-format-version', found: 2, wanted: 1 })
    const more = remade(later, (members) => [...members, { name: 'colours', bytes: later }])
    expect(refusalOf(more)).toMatchObject({ kind: 'unknown-format-version' })
  })

  it.each<[string, (manifest: Record<string, unknown>) => unknown, object]>([
    ['title', (m) => ({ ...m, title: 'a\u001b[2J' }), { found: "'a\\u{1b}[2J'" }],
    ['name', (m) => ({ ...m, name: '../../etc' }), { found: "'../../etc'" }],
    ['base.buildId', (m) => ({ ...m, base: { version: '1', buildId: 'xyz' } }), {}],
    ['colour', (m) => ({ ...m, colour: 'blue' }), { wanted: 'no such member' }],
    ['labOnly', (m) => ({ ...m, labOnly: undefined }), { found: 'nothing' }],
    ['origin.kind', (m) => ({ ...m, origin: { kind: 'guessed' } }), {}],
    ['members[0].name', (m) => ({ ...m, members: [{ name: '/etc/passwd' }] }), {}],
    ['functions', (m) => ({ ...m, functions: 'all' }), { wanted: 'a list' }],
    ['', () => [], { found: 'a list', wanted: 'an object' }],
  ])('refuses a manifest whose %s is malformed, and says so', (field, change, facts) => {
    expect(refusalOf(retold(built, change))).toMatchObject({
      kind: 'malformed-manifest',
      field,
      ...facts,
    })
  })

  it('refuses a member that is missing, unknown, or there twice', () => {
    expect(refusalOf(remade(built, ([manifest]) => (manifest ? [manifest] : [])))).toEqual({
      kind: 'missing-member',
      member: 'payload.livepatch',
    })
    const more = { name: 'notes.txt', bytes: utf8Bytes('x') }
    expect(refusalOf(remade(built, (members) => [...members, more]))).toEqual({
      kind: 'unknown-member',
      member: 'notes.txt',
    })
    const twice = remade(built, (members) => [...members, ...members.slice(1)])
    expect(refusalOf(twice)).toEqual({ kind: 'unknown-member', member: 'payload.livepatch' })
    const archive = readArchive(built)
    const bare = archive.kind === 'read' ? archive.members.slice(0, -1) : []
    expect(refusalOf(writeArchive(bare))).toEqual({ kind: 'missing-member', member: 'SHA256SUMS' })
  })

  it('refuses another payload that the list of sums was made to fit', () => {
    const other = { name: 'payload.livepatch', bytes: otherPayload() }
    const swapped = remade(built, ([manifest, , ...rest]) =>
      manifest ? [manifest, other, ...rest] : [],
    )
    expect(refusalOf(swapped)).toMatchObject({
      kind: 'altered-member',
      member: 'payload.livepatch',
      found: sha256(other.bytes),
    })
  })

  it('refuses a payload that contradicts what the manifest says of its build-ids', () => {
    const base = { buildId: buildIdOf('77'), version: '4.17' }
    expect(refusalOf(retold(built, (m) => ({ ...m, base })))).toMatchObject({
      kind: 'contradiction',
      field: "Xen's build-id",
      found: XEN,
      wanted: base.buildId,
    })
    const own = retold(built, (m) => ({
      ...m,
      forms: BUILT.forms.map((form) => ({
        ...form,
        ...(form.kind === 'livepatch' && { payloadBuildId: XEN }),
      })),
    }))
    expect(refusalOf(own)).toMatchObject({ kind: 'contradiction', field: 'build-id', wanted: XEN })
  })

  it('refuses a fix that the manifest tells of otherwise', () => {
    const renamed = retold(written, (manifest) => ({ ...manifest, name: 'xsa-109' }))
    expect(refusalOf(renamed)).toEqual({
      kind: 'contradiction',
      member: 'fix.yaml',
      field: 'the name',
      found: 'xsa-108',
      wanted: 'xsa-109',
    })
  })

  it('refuses forms that do not fit the members', () => {
    const without = retold(built, (manifest) => ({ ...manifest, forms: [] }))
    expect(refusalOf(without)).toMatchObject({ kind: 'malformed-manifest', field: 'forms' })
    const twice = retold(built, (m) => ({ ...m, forms: [BUILT.forms[0], BUILT.forms[0]] }))
    expect(refusalOf(twice)).toMatchObject({ kind: 'malformed-manifest', field: 'forms[1].kind' })
    const ofFix = { kind: 'splice', member: 'fix.yaml', reasons: [] }
    const absent = retold(built, (m) => ({ ...m, forms: [BUILT.forms[0], ofFix] }))
    expect(refusalOf(absent)).toEqual({ kind: 'missing-member', member: 'fix.yaml' })
    const { study: _study, ...unstudied } = BUILT.forms[1] as Extract<
      HotfixForm,
      { kind: 'splice' }
    >
    const unnamed = retold(built, (m) => ({ ...m, forms: [BUILT.forms[0], unstudied] }))
    expect(refusalOf(unnamed)).toMatchObject({
      kind: 'malformed-manifest',
      field: 'forms[1].study',
      wanted: 'splice.json',
    })
  })

  it('refuses a malformed study', () => {
    const text = utf8Bytes('{}\n')
    expect(() => readBundle(remadeStudy(text), sha256)).not.toThrow()
    const refusal = refusalOf(remadeStudy(text))
    expect(refusal).toMatchObject({ kind: 'malformed-study', field: 'functions' })
    expect(refusal && describeBundleRefusal(refusal)).toMatch(/^has a malformed splice\.json: /)
  })
})
