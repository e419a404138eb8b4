import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** What the bench builds. */
export interface BenchPatch {
  /** Where it is from, for people. */
  readonly about: string
  readonly file: string
  readonly text: string
}

const FILE = 'xsa506.patch'

/** The two files that XSA-506 touches, and a line that each has once. */
const FILES = ['xen/arch/x86/hvm/dm.c', 'xen/common/dm.c']
const PLACE = '    if ( nr_bufs > ARRAY_SIZE(args.buf) )'
const PUT = ['    if ( nr_bufs == 0 )', '        return -ENODATA;']

/**
 * The advisory's own patch where the corpus is here, else one of the same size for the same files.
 *
 * The corpus is a folder of patches: `REWEAVE_CORPUS`, or `../shared/xsa-corpus/4.17` beside the
 * checkout.
 */
export function benchPatch(checkout: string, sourceDirectory: string): BenchPatch {
  const chosen = process.env['REWEAVE_CORPUS']
  const corpus = chosen ? path.resolve(chosen) : path.join(checkout, '../shared/xsa-corpus/4.17')
  const file = path.join(corpus, FILE)
  if (existsSync(file)) {
    return {
      about: "XSA-506, the advisory's patch",
      file: FILE,
      text: readFileSync(file, 'latin1'),
    }
  }
  const text = FILES.map((name) =>
    insertion(name, readFileSync(path.join(sourceDirectory, name), 'latin1')),
  ).join('')
  const about = `a patch of the bench's own for the files of XSA-506 (there is no ${file})`
  return { about, file: 'bench.patch', text }
}

/** The file with `PUT` in front of `PLACE`, as a unified diff. */
function insertion(name: string, source: string): string {
  const lines = source.split('\n')
  const at = lines.indexOf(PLACE)
  if (at < 1) throw new Error(`Cannot patch ${name}: it has no line ${PLACE.trim()}`)
  return [
    `--- a/${name}`,
    `+++ b/${name}`,
    `@@ -${at},2 +${at},${2 + PUT.length} @@`,
    ` ${lines[at - 1]}`,
    ...PUT.map((line) => `+${line}`),
    ` ${PLACE}`,
    '',
  ].join('\n')
}
