import { describe, expect, it } from 'vitest'
import { describePlanRefusal } from './describe-plan-refusal.ts'
import { planFix } from './plan-fix.ts'
import { renderPlan } from './render-plan.ts'
import {
  detourOf,
  editOf,
  fixOf,
  functionOf,
  imageOf,
  SampleMemory,
} from './testing/sample-splice.ts'

describe('renderPlan()', () => {
  it('shows whole instructions where an edit changes a single byte of one', () => {
    const image = imageOf([functionOf('one', '77 01  c3  c3')])
    const fix = fixOf(editOf('one', '77 01', 'eb 01'))
    const planned = planFix({ fix, image, live: new SampleMemory(image) })
    const text = planned.kind === 'planned' ? renderPlan(planned.plan, image) : ''
    expect(text).toContain('- 0xffff82d040200000  77 01                    ja 0xffff82d040200003')
    expect(text).toContain('+ 0xffff82d040200000  eb 01                    jmp 0xffff82d040200003')
  })

  it('shows old and new instructions, and why each write is safe', () => {
    const image = imageOf([
      functionOf('range', '81 ff ff 08 00 00  77 01  c3  c3'),
      functionOf('many', '83 fe 02  0f 87 00 00 00 00  c3'),
      functionOf('short', '85 f6  74 01  c3  c3'),
    ])
    const fix = fixOf(
      editOf('range', '81 ff ff 08 00 00', '81 ff ff 0b 00 00'),
      detourOf('many+0x3', '0f 87 00 00 00 00', '85 f6  0f 84 {pc32 short}  e9 {pc32 many+0x9}'),
      detourOf('short', '85 f6', '85 ff  e9 {pc32 short+0x2}'),
    )
    const planned = planFix({ fix, image, live: new SampleMemory(image) })
    const text =
      planned.kind === 'planned'
        ? renderPlan(planned.plan, image)
        : planned.refusals.map(describePlanRefusal).join('\n')
    expect(text).toMatchInlineSnapshot(`
      "sample (XSA-1) for build 0123456789abcdef0123456789abcdef01234567: 6 writes, 33 bytes

      1. stage for change 2: padding behind .text+0xa
         0xffff82d040200030, 13 bytes
         - 13 bytes of 00
         + 0xffff82d040200030  85 f6                    test esi, esi
         + 0xffff82d040200032  0f 84 e8 ff ff ff        je 0xffff82d040200020  ; short
         + 0xffff82d040200038  e9 dc ff ff ff           jmp 0xffff82d040200019  ; many+0x9
         No section has these bytes, and nothing leads here before many+0x3 is switched.

      2. stage for change 3: padding behind .text+0x1a
         0xffff82d040200040, 7 bytes
         - 7 bytes of 00
         + 0xffff82d040200040  85 ff                    test edi, edi
         + 0xffff82d040200042  e9 db ff ff ff           jmp 0xffff82d040200022  ; short+0x2
         No section has these bytes, and nothing leads here before short is switched.

      3. relay for change 3: padding behind many
         0xffff82d04020001b, 5 bytes
         - 5 bytes of 90
         + 0xffff82d04020001b  e9 20 00 00 00           jmp 0xffff82d040200040
         No instruction leads into this padding before short is switched.

      4. switch for change 1: range+0x3
         0xffff82d040200003, 1 byte
         - 0xffff82d040200000  81 ff ff 08 00 00        cmp edi, 0x8ff
         + 0xffff82d040200000  81 ff ff 0b 00 00        cmp edi, 0xbff
         One store of 1 byte inside the aligned 8 bytes at 0xffff82d040200000; the instruction keeps its length, so every CPU finds an instruction where it goes on.

      5. switch for change 2: many+0x3
         0xffff82d040200013, 5 bytes
         - 0xffff82d040200013  0f 87 00 00 00 00        ja 0xffff82d040200019  ; many+0x9
         + 0xffff82d040200013  e9 18 00 00 00           jmp 0xffff82d040200030
         One store of 5 bytes inside the aligned 8 bytes at 0xffff82d040200010; it replaces the first 5 of one 6-byte instruction, so no CPU can be about to execute in its middle.

      6. switch for change 3: short
         0xffff82d040200020, 2 bytes
         - 0xffff82d040200020  85 f6                    test esi, esi
         + 0xffff82d040200020  eb f9                    jmp 0xffff82d04020001b
         One store of 2 bytes inside the aligned 8 bytes at 0xffff82d040200020; it replaces all of one 2-byte instruction, so no CPU can be about to execute in its middle."
    `)
  })
})
