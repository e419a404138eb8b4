import { FIX_LIMITS } from './fix-limits.ts'

/** What a field's text must look like. */
export interface TextShape {
  readonly wanted: string
  readonly longest: number
  readonly pattern?: RegExp
}

/** What fixes, probes and hotfixes are called. */
export const NAME: TextShape = {
  wanted: 'lower-case letters and digits, with single dashes between them',
  longest: FIX_LIMITS.nameLength,
  pattern: /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
}
export const ADVISORY: TextShape = {
  wanted: 'XSA- and a number',
  longest: FIX_LIMITS.nameLength,
  pattern: /^XSA-[1-9][0-9]*$/,
}
export const CVE: TextShape = {
  wanted: 'CVE-, a year, a dash and a number',
  longest: FIX_LIMITS.nameLength,
  pattern: /^CVE-[0-9]{4}-[0-9]{4,}$/,
}
export const VERSION: TextShape = {
  wanted: 'a version without spaces',
  longest: FIX_LIMITS.versionLength,
  pattern: /^[!-~]+$/,
}
export const TITLE: TextShape = { wanted: 'one line', longest: FIX_LIMITS.titleLength }
