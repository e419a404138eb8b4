import { describe, expect, it } from 'vitest'
import { smallImage, smallPatch } from '../payload/testing/sample-payload.ts'
import { readPayload } from '../payload/read-payload.ts'
import { buildForms } from './build-forms.ts'

describe('buildForms()', () => {
  it('tells Xen of a title what Xen can show of it', () => {
    const order = { name: 'xsa-1', advisory: undefined, image: smallImage(), sideBySide: undefined }
    const outcome = buildForms(smallPatch(), { ...order, title: 'für alle – 🧵' })
    const read = outcome.kind === 'built' ? readPayload(outcome.forms.payload) : undefined
    expect(read?.kind === 'read' && Object.fromEntries(read.payload.info)).toEqual({
      name: 'xsa-1',
      title: 'f?r alle ? ?',
      'made-by': 'reweave',
    })
  })
})
