import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { applyPatch, type ReadSourceFile } from './apply-patch.ts'
import { parsePatch } from './parse-patch.ts'
import { describePatchRefusal } from './patch-refusal.ts'

const DM = ['one', 'two', 'three', 'four', 'five', 'six', ''].join('\n')

const FILES: Readonly<Record<string, string>> = {
  'xen/common/dm.c': DM,
  'xen/include/xen/dm.h': DM,
  'xen/arch/arm/mm.c': DM,
  'xen/Makefile': DM,
  'xen/common/Kconfig': DM,
  'tools/libs/ctrl/xc.c': DM,
  'tools/tests/x86/main.c': DM,
  'docs/misc/dm.txt': DM,
}

const read: ReadSourceFile = (path) => FILES[path]

/** A diff that puts a line behind the third. */
function edit(path: string, prefix = 'a/'): string {
  return [
    `--- ${prefix}${path}`,
    `+++ ${prefix.replace('a/', 'b/')}${path}`,
    '@@ -2,4 +2,5 @@ function',
    ' two',
    ' three',
    '+three and a half',
    ' four',
    ' five',
    '',
  ].join('\n')
}

const GIT = 'diff --git a/xen/include/xen/dm.h b/xen/include/xen/dm.h\n'
const RENAME = `${GIT}similarity index 100%\nrename from xen/common/dm.c\nrename to xen/md.c\n`
const HUNK = edit('xen/common/dm.c').split('\n').slice(2).join('\n')

/** The only refusal, or undefined where the patch applies. */
function refusalOf(patch: string): unknown {
  const outcome = applyPatch(patch, read)
  if (outcome.kind === 'applied') return undefined
  expect(outcome.refusals).toHaveLength(1)
  const [refusal] = outcome.refusals
  const sentence = refusal === undefined ? '' : describePatchRefusal(refusal)
  expect(sentence).toMatch(/^The patch /)
  return refusal
}

describe('applyPatch()', () => {
  it('gives the file after the patch, whatever stands around the diff', () => {
    const mail = `From: someone\nSubject: dm\n---\n xen/common/dm.c | 1 +\n\n${edit('xen/common/dm.c')}--\n2.30\n`
    const outcome = applyPatch(mail, read)
    expect(outcome).toMatchObject({
      kind: 'applied',
      applied: {
        files: [
          {
            path: 'xen/common/dm.c',
            after: DM.replace('three\n', 'three\nthree and a half\n'),
            changes: [{ oldLine: 4, oldCount: 0, newLine: 4, newCount: 1 }],
          },
        ],
      },
    })
  })

  it('takes paths with and without a leading folder', () => {
    expect(refusalOf(edit('xen/common/dm.c', ''))).toBeUndefined()
    expect(refusalOf(edit('xen/common/dm.c', 'xen-4.17/'))).toBeUndefined()
  })

  it('finds each file of a series, however that file is named', () => {
    const named = [
      edit('xen/common/dm.c'),
      edit('xen/include/xen/dm.h', ''),
      edit('xen/./arch/arm/mm.c', 'a//'),
    ]
    const outcome = applyPatch(named.join(''), read)
    expect(outcome.kind === 'applied' && outcome.applied).toMatchObject({
      files: [{ path: 'xen/common/dm.c' }, { path: 'xen/include/xen/dm.h' }],
      ignored: ['xen/arch/arm/mm.c'],
    })
  })

  it.each([
    ['xen/common/dm.c.orig', 'xen/common/dm.c'],
    ['xen/common/dm.c', 'xen/common/dm.c.new'],
  ])('takes the one of two names that is there: %s, %s', (from, to) => {
    const patch = edit('xen/common/dm.c', '').replace(/.*\n.*\n/, `--- ${from}\n+++ ${to}\n`)
    const outcome = applyPatch(patch, read)
    expect(outcome.kind === 'applied' && outcome.applied.files[0]?.path).toBe('xen/common/dm.c')
  })

  it.each([
    ['--- /dev/null', '+++ xen/common/new.c'],
    ['--- /dev/null', '+++ b/xen/common/new.c'],
    ['--- xen.orig/xen/common/new.c\t1970-01-01', '+++ xen/xen/common/new.c\t2026-01-01'],
  ])('creates a file, with %s', (from, to) => {
    const outcome = applyPatch(`${from}\n${to}\n@@ -0,0 +1 @@\n+int a;\n`, read)
    expect(outcome.kind === 'applied' && outcome.applied.files[0]).toMatchObject({
      path: 'xen/common/new.c',
      before: undefined,
    })
  })

  it('says what a source has of a patch of which it lacks the rest', () => {
    const applied = DM.replace('three\n', 'three\nthree and a half\n')
    const half: ReadSourceFile = (path) => (path === 'xen/common/dm.c' ? applied : read(path))
    const outcome = applyPatch(edit('xen/common/dm.c') + edit('xen/include/xen/dm.h'), half)
    expect(outcome).toEqual({
      kind: 'refused',
      refusals: [
        { kind: 'partly-applied', path: 'xen/common/dm.c', others: ['xen/include/xen/dm.h'] },
      ],
    })
  })

  it('refuses to take away a file that has more lines than the patch takes away', () => {
    const patch = '--- a/xen/common/dm.c\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n'
    expect(refusalOf(patch)).toEqual({
      kind: 'does-not-apply',
      path: 'xen/common/dm.c',
      hunk: 1,
      line: 3,
      wanted: undefined,
      found: 'three',
    })
  })

  it('passes over words of a message that git would write above a diff', () => {
    expect(refusalOf(`copy from guest memory\n${edit('xen/common/dm.c')}`)).toBeUndefined()
  })

  it('applies and mentions what has no effect here', () => {
    const patch = [
      'xen/common/dm.c',
      'xen/arch/arm/mm.c',
      'docs/misc/dm.txt',
      'tools/tests/x86/main.c',
    ]
    const outcome = applyPatch(patch.map((path) => edit(path)).join(''), read)
    expect(outcome.kind === 'applied' && outcome.applied.ignored).toEqual(patch.slice(1))
  })

  it('applies a series that changes a file twice', () => {
    const second = edit('xen/common/dm.c').replaceAll('three and a half', 'and more')
    const outcome = applyPatch(
      edit('xen/common/dm.c') +
        second.replace(' four', ' three and a half').replace(' five', ' four'),
      read,
    )
    expect(outcome.kind === 'applied' && outcome.applied.files[0]?.changes).toEqual([
      { oldLine: 4, oldCount: 0, newLine: 4, newCount: 2 },
    ])
  })

  it('creates and takes away files', () => {
    const created = '--- /dev/null\n+++ b/xen/common/new.c\n@@ -0,0 +1,2 @@\n+int a;\n+int b;\n'
    const outcome = applyPatch(created, read)
    expect(outcome.kind === 'applied' && outcome.applied.files[0]).toMatchObject({
      before: undefined,
      after: 'int a;\nint b;\n',
    })
    const old = DM.trimEnd().split('\n')
    const gone = [
      '--- a/xen/common/dm.c',
      '+++ /dev/null',
      '@@ -1,6 +0,0 @@',
      ...old.map((line) => `-${line}`),
      '',
    ]
    const removed = applyPatch(gone.join('\n'), read)
    expect(removed.kind === 'applied' && removed.applied.files[0]?.after).toBeUndefined()
  })

  it('passes over what git says of a mode, or of an empty file', () => {
    const mode = `${GIT}old mode 100644\nnew mode 100755\n`
    const empty = `${GIT}new file mode 100644\nindex 0000000000..e69de29bb2\n`
    expect(refusalOf(mode + empty + edit('xen/common/dm.c'))).toBeUndefined()
  })

  it('takes a series that creates a large file and changes it', () => {
    const count = 200_000
    const path = 'xen/common/large.c'
    const created = `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1,${count} @@\n${'+int;\n'.repeat(count)}`
    const changed = `--- a/${path}\n+++ b/${path}\n@@ -${count} +${count} @@\n-int;\n+long;\n`
    const outcome = applyPatch(created + changed, read)
    const after = outcome.kind === 'applied' ? outcome.applied.files[0]?.after : undefined
    expect(after?.endsWith('int;\nlong;\n')).toBe(true)
  })

  it('refuses a hunk that is not there, and says what is', () => {
    const patch = edit('xen/common/dm.c').replace(' three\n', ' drei\n').replace(' four', ' vier')
    expect(refusalOf(patch)).toEqual({
      kind: 'does-not-apply',
      path: 'xen/common/dm.c',
      hunk: 1,
      line: 2,
      wanted: 'drei',
      found: 'three',
    })
  })

  it('refuses a hunk that fits only when context is passed over', () => {
    expect(refusalOf(edit('xen/common/dm.c').replace(' two', ' zwei'))).toMatchObject({
      kind: 'applies-only-with-fuzz',
      fuzz: 1,
    })
  })

  it('refuses a patch that is in already', () => {
    const applied = DM.replace('three\n', 'three\nthree and a half\n')
    const outcome = applyPatch(edit('xen/common/dm.c'), (path) => read(path) && applied)
    expect(outcome).toMatchObject({ kind: 'refused', refusals: [{ kind: 'already-applied' }] })
  })

  it('lists everything that is against it', () => {
    const patch = edit('xen/common/dm.c').replace(' two', ' 2') + edit('xen/include/xen/gone.h')
    const outcome = applyPatch(patch, read)
    expect(outcome.kind === 'refused' && outcome.refusals.map(({ kind }) => kind)).toEqual([
      'applies-only-with-fuzz',
      'file-missing',
    ])
  })

  it.each([
    ['touches-no-hypervisor', edit('docs/misc/dm.txt')],
    ['touches-no-hypervisor', edit('xen/arch/arm/mm.c')],
    ['touches-no-hypervisor', edit('tools/libs/ctrl/xc.c')],
    ['needs-rebuilt-tool', edit('xen/common/dm.c') + edit('tools/libs/ctrl/xc.c')],
    ['changes-the-build', edit('xen/common/dm.c') + edit('xen/Makefile')],
    ['changes-the-build', edit('xen/common/Kconfig')],
    ['path-outside', edit('../etc/passwd')],
    ['path-outside', edit('/etc/passwd', '')],
    ['patch-empty', 'nothing here\n'],
    ['patch-malformed', edit('xen/common/dm.c').replace(' five\n', '')],
    ['patch-malformed', edit('xen/common/dm.c').replace(' four', '*four')],
    ['patch-malformed', '@@ -1,2 +1,3 @@\n a\n+b\n c\n'],
    ['patch-not-supported', 'GIT binary patch\nliteral 3\n'],
    ['patch-not-supported', RENAME],
    ['patch-not-supported', `--- a/xen/common/dm.c\n+++ b/docs/misc/dm.txt\n${HUNK}`],
    ['patch-not-supported', '--- a/xen/common/dm.c\n+++ b/xen/common/dm.c\n@@ -2,0 +3 @@\n+2.5\n'],
    ['patch-malformed', `${edit('xen/common/dm.c')}+one more\n`],
    ['patch-malformed', edit('xen/common/dm.c').trimEnd()],
    ['patch-malformed', `${edit('xen/common/dm.c')}--- a/xen/include/xen/dm.h\n`],
    ['patch-malformed', `${edit('xen/common/dm.c')}${GIT}`],
    ['patch-malformed', `${edit('xen/common/dm.c')}${GIT}index 1234..5678 100644\n`],
    ['path-unknown', edit('common/dm.c')],
    ['path-unknown', edit('xen-4.17/xen/common/dm.c')],
    ['path-unknown', edit('xen/common/dm.c') + edit('common/gone.c')],
    ['does-not-apply', '--- a/xen/common/dm.c\n+++ b/xen/common/dm.c\n@@ -0,0 +1 @@\n+zero\n'],
    ['file-exists', '--- /dev/null\n+++ b/xen/common/dm.c\n@@ -0,0 +1,1 @@\n+int a;\n'],
  ])('refuses, with %s', (kind, patch) => {
    expect(refusalOf(patch)).toMatchObject({ kind })
  })

  it('takes a cut or altered patch as it is or refuses it, and never throws', () => {
    const whole = edit('xen/common/dm.c') + edit('xen/include/xen/dm.h')
    const spoilt = fc.record({
      at: fc.nat({ max: whole.length }),
      remove: fc.nat({ max: 40 }),
      put: fc.string({ maxLength: 6 }),
    })
    fc.assert(
      fc.property(spoilt, ({ at, remove, put }) => {
        const patch = whole.slice(0, at) + put + whole.slice(at + remove)
        expect(['parsed', 'refused']).toContain(parsePatch(patch).kind)
        const outcome = applyPatch(patch, read)
        const told =
          outcome.kind === 'refused'
            ? outcome.refusals.map(describePatchRefusal)
            : outcome.applied.files.map(({ path }) => path).filter((path) => path in FILES)
        expect(told.length).toBeGreaterThan(0)
      }),
      { seed: 419, numRuns: 500 },
    )
  })
})
