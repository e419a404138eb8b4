import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepLineNumbers } from './line-directives.ts'
import { splitLines } from './parse-patch.ts'
import type { LineChange } from './patched-file.ts'

/** The value of each `NAME __LINE__` that the preprocessor leaves in this text. */
function numbersIn(text: string): ReadonlyMap<string, number> {
  const output = execFileSync('gcc', ['-E', '-P', '-xc', '-'], { input: text, encoding: 'utf8' })
  const found = output.matchAll(/line_(\w+) *= *(\d+)/g)
  return new Map([...found].map(([, name = '', number]) => [name, Number(number)]))
}

/** One declaration whose value is the number of its own line. */
function mark(name: string): string {
  return `int line_${name} = __LINE__;\n`
}

const OLD = ['int a(void)\n', '{\n', '    return 1;\n', '}\n', '\n', mark('after'), mark('end')]

function change(oldLine: number, oldCount: number, newCount: number): LineChange {
  return { oldLine, oldCount, newLine: oldLine, newCount }
}

describe('keepLineNumbers()', () => {
  it('says behind a change which line comes next', () => {
    const patched = [...OLD.slice(0, 2), '    int x = 1;\n', '    int y = 2;\n', ...OLD.slice(2)]
    const kept = keepLineNumbers(patched.join(''), [change(3, 0, 2)])
    expect(kept.split('\n').slice(6, 8)).toEqual(['#line 5', ''])
    expect(numbersIn(kept)).toEqual(numbersIn(OLD.join('')))
  })

  it('leaves a text alone whose lines did not move', () => {
    const text = OLD.join('')
    expect(keepLineNumbers(text, [change(3, 1, 1)])).toBe(text)
    expect(keepLineNumbers(text, [])).toBe(text)
  })

  it('leaves a file as it is where nothing harmless follows', () => {
    const text = 'int a(void)\n{\n    int x;\n    return 1;\n'
    expect(keepLineNumbers(text, [change(3, 0, 1)])).toBe(text)
  })

  it('does not go by a brace in a comment, a string or a macro', () => {
    const tail = ['/*\n', '}\n', '*/\n', '#define M(x) { x; \\\n', '}\n', 'int b(void)\n', '{\n']
    const text = ['int a(void)\n', '{\n', 'more();\n', ...tail, '    f("\\"}");\n'].join('')
    expect(keepLineNumbers(text, [change(3, 0, 1)])).toBe(text)
  })

  it('repeats the directive behind a conditional that may be left out', () => {
    const tail = ['#ifdef NEVER\n', 'int b;\n', mark('inside'), '#endif\n', mark('behind')]
    const old = ['int a;\n', ...tail]
    const patched = ['int a;\n', 'int c\n', '= 1;\n', ...tail]
    const kept = keepLineNumbers(patched.join(''), [change(2, 0, 2)])
    expect(numbersIn(kept)).toEqual(numbersIn(old.join('')))
    expect(numbersIn(`#define NEVER\n#line 1\n${kept}`)).toEqual(
      numbersIn(`#define NEVER\n#line 1\n${old.join('')}`),
    )
  })

  it('takes the guard around a header for no conditional', () => {
    const header = ['#ifndef H\n', '#define H\n', 'int a;\n', 'int new;\n', 'int b;\n', '#endif\n']
    const kept = keepLineNumbers(header.join(''), [change(4, 0, 1)])
    expect(kept.match(/#line/g)).toHaveLength(1)
  })

  it('counts braces afresh in the other branch of a conditional', () => {
    const old = [
      'int f(void)\n',
      '{\n',
      '#ifdef A\n',
      '    if ( a ) {\n',
      '#else\n',
      '    if ( b ) {\n',
      '#endif\n',
      '    }\n',
      '    return 0;\n',
      '}\n',
      mark('after'),
    ]
    const patched = [...old.slice(0, 8), '    more();\n', ...old.slice(8)]
    const kept = keepLineNumbers(patched.join(''), [change(9, 0, 1)])
    expect(numbersIn(kept).get('after')).toBe(11)
  })

  it('keeps every number outside of what changed, whatever changed', () => {
    const block = fc.oneof(
      fc.constant([mark('N')]),
      fc.constant(['int f_N(void)\n', '{\n', '    return 0;\n', '}\n', mark('N')]),
      fc.constant(['#if SOME\n', mark('N'), '#endif\n', mark('M_N')]),
      fc.constant(['/* a\n', ' * } b;\n', ' */\n', mark('N')]),
      fc.constant(['#define P_N(x) do { \\\n', '    x; \\\n', '} while ( 0 )\n', mark('N')]),
      fc.constant(['struct s_N {\n', '    int a;\n', '};\n', '\n', mark('N')]),
    )
    const edit = fc.record({
      remove: fc.boolean(),
      add: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(block, edit), { minLength: 1, maxLength: 6 }), (blocks) => {
        const old: string[] = []
        const now: string[] = []
        const changes: LineChange[] = []
        for (const [index, [template, { remove, add }]] of blocks.entries()) {
          const lines = template.map((line) => line.replace('N', String(index)))
          old.push('static int changed;\n')
          const [oldLine, newLine] = [old.length, now.length + 1]
          const oldCount = remove ? 1 : 0
          if (!remove) now.push('static int changed;\n')
          for (let count = 0; count < add; count += 1) now.push(`int n_${index}_${count};\n`)
          const at = remove ? [oldLine, newLine] : [oldLine + 1, newLine + 1]
          const [changeOld = 0, changeNew = 0] = at
          if (oldCount + add > 0) {
            changes.push({ oldLine: changeOld, oldCount, newLine: changeNew, newCount: add })
          }
          old.push(...lines)
          now.push(...lines)
        }
        const kept = keepLineNumbers(now.join(''), changes)
        // The lines themselves stay, in their order.
        expect(splitLines(kept).filter((line) => !line.startsWith('#line'))).toEqual(now)
        for (const flag of ['#define SOME 0\n', '#define SOME 1\n']) {
          const before = numbersIn(`${flag}#line 1\n${old.join('')}`)
          const after = numbersIn(`${flag}#line 1\n${kept}`)
          for (const [name, number] of before)
            expect([name, after.get(name)]).toEqual([name, number])
        }
      }),
      { seed: 506, numRuns: 40 },
    )
  })
})
