import { describe, expect, it } from 'vitest'
import { readPatchIdentity } from './patch-identity.ts'

const CHANGE = 'diff --git a/xen/common/dm.c b/xen/common/dm.c\n--- a/xen/common/dm.c\n'

describe('readPatchIdentity()', () => {
  it('takes the numbers of the sentence that says what the patch is', () => {
    const message =
      'From 1 Mon Sep 17 00:00:00 2001\nSubject: [PATCH v2 1/3] xen/dmop: check number of\n' +
      ' input buffers\n\nCorrects the fix of XSA-100.\n\nThis is XSA-506 / CVE-2026-62433.\n---\n'
    expect(readPatchIdentity(message + CHANGE)).toEqual({
      advisory: 'XSA-506',
      cves: ['CVE-2026-62433'],
      title: 'xen/dmop: check number of input buffers',
    })
  })

  it('takes the CVE first, and several of them', () => {
    const message = 'This is CVE-2026-1 / CVE-2026-2 / XSA-500.\n'
    expect(readPatchIdentity(message + CHANGE)).toMatchObject({
      advisory: 'XSA-500',
      cves: ['CVE-2026-1', 'CVE-2026-2'],
    })
  })

  it('names no advisory where the patch names none, or only others', () => {
    expect(readPatchIdentity(CHANGE)).toEqual({ advisory: undefined, cves: [], title: undefined })
    const other = 'Fixes: abc ("x")\nThe hole of XSA-108 was like this one.\n'
    expect(readPatchIdentity(other + CHANGE).advisory).toBeUndefined()
  })

  it('names no advisory where the patch is of two', () => {
    expect(readPatchIdentity(`This is XSA-1 and XSA-2.\n${CHANGE}`).advisory).toBeUndefined()
  })

  it('does not read numbers in the changed lines', () => {
    expect(readPatchIdentity(`${CHANGE}+This is XSA-7.\n`).advisory).toBeUndefined()
  })
})
