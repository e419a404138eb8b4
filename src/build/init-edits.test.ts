import { describe, expect, it } from 'vitest'
import { editsInit } from './init-edits.ts'
import type { LineChange, PatchedFile } from './patched-file.ts'

const FILE = [
  '#include <xen/init.h>',
  '',
  'static int pick(int a)',
  '{',
  '    return a;',
  '}',
  '',
  'static int __init cf_check setup(',
  '    int a)',
  '{',
  '    return pick(a);',
  '}',
  'static const int __initconst table[] = {',
  '    1,',
  '};',
  'void stay(void);',
]

/** The file with one line put in the place of another, from 1. */
function edited(line: number, text: string): PatchedFile {
  const change: LineChange = { oldLine: line, oldCount: 1, newLine: line, newCount: 1 }
  return {
    path: 'xen/common/a.c',
    before: FILE.join('\n'),
    after: FILE.with(line - 1, text).join('\n'),
    hunks: [],
    changes: [change],
  }
}

describe('editsInit()', () => {
  it.each([
    ['the body of a marked function', 11, '    return pick(a) + 1;'],
    ['its arguments', 9, '    long a)'],
    ['marked data', 14, '    2,'],
    ['a function that gets the mark', 3, 'static int __init pick(int a)'],
    ['a declaration that gets the mark', 16, 'void __init stay(void);'],
  ])('is true of %s', (_, line, text) => {
    expect(editsInit(edited(line, text))).toBe(true)
  })

  it.each([
    ['the body of another function, right in front', 5, '    return a + 1;'],
    ['its last line', 6, '} '],
    ['an include whose name has the word', 1, '#include <xen/more.h>'],
    ['a declaration without the mark', 16, 'void stay(int);'],
  ])('is false of %s', (_, line, text) => {
    expect(editsInit(edited(line, text))).toBe(false)
  })

  it('looks on each side only at the lines that the side has', () => {
    const after = [...FILE.slice(0, 5), '    /* more */', ...FILE.slice(5)].join('\n')
    const insertion = { oldLine: 6, oldCount: 0, newLine: 6, newCount: 1 }
    const file = { ...edited(1, FILE[0] ?? ''), after, changes: [insertion] }
    expect(editsInit(file)).toBe(false)
  })
})
