/**
 * What was wrong with a file of advisories, and what that cost.
 *
 * A problem never quotes the file: while it is read nobody knows yet whether it is embargoed.
 */
export interface ImportProblem {
  readonly name: ImportProblemName
  /** The file's name, without its folder. */
  readonly file: string
  /** Where in the file: `[0].xsas[3].public_time`; empty for the file as a whole. */
  readonly at: string
  /**
   * What did not go in. A field that could not be read is kept as it came, in `extra`; `nothing`
   * is a warning.
   */
  readonly lost: 'file' | 'entry' | 'field' | 'nothing'
  /** One sentence for people, without the place. */
  readonly sentence: string
}

export type ImportProblemName =
  | 'unreadable'
  | 'too-large'
  | 'too-deep'
  | 'not-text'
  | 'not-json'
  | 'unknown-format'
  | 'no-number'
  | 'bad-field'
  | 'bad-date'
  | 'date-before-2000'
  | 'bad-condition'
  | 'not-known-public'

/** `xsa.json, [0].xsas[3]: not imported: … (no-number)`, one line for people. */
export function describeImportProblem(problem: ImportProblem): string {
  const { name, file, at, lost, sentence } = problem
  const place = at === '' ? file : `${file}, ${at}`
  const cost = {
    file: 'not imported',
    entry: 'this entry was not imported',
    field: 'this field was kept, but not understood',
    nothing: 'imported',
  }[lost]
  return `${place}: ${sentence}; ${cost} (${name})`
}
