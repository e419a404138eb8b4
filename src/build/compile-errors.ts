import type { CompileError } from './patched-build.ts'

/** How many errors are worth telling: later ones mostly follow from the first. */
const AT_MOST = 8

/** What gcc says against single lines: `common/dm.c:29:5: error: expected …`. */
export function compileErrors(complaints: string): CompileError[] {
  return complaints
    .split('\n')
    .flatMap((line): CompileError[] => {
      const match = /^(\S[^:]*):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$/.exec(line)
      if (match === null) return []
      const [, file = '', number = '', message = ''] = match
      return [{ file: file.replace(/^\.\//, ''), line: Number(number), message }]
    })
    .slice(0, AT_MOST)
}
