/**
 * Numbers as the demo's report writes them.
 *
 * A report of a demo that ended early lacks some, and one read back from JSON holds null for what
 * was no number: both read "not measured", never 0.
 *
 * @module
 */

export const NOT_MEASURED = 'not measured'

/** A number as it may come out of a report. */
export type Quantity = number | null | undefined

/** `12,345` */
export function wholeText(quantity: Quantity): string {
  return written(quantity, (value) => grouped(Math.round(value)))
}

/** `1 byte`, `12,345 bytes` */
export function bytesText(quantity: Quantity): string {
  return written(quantity, (value) => counted(value, 'byte'))
}

/** `143 ms`; below 10 ms with one decimal. */
export function millisecondsText(quantity: Quantity): string {
  return written(quantity, (value) =>
    value !== 0 && Math.abs(value) < 9.95 ? `${value.toFixed(1)} ms` : `${wholeText(value)} ms`,
  )
}

/** `12.3 s`; from 100 s on without decimals. */
export function secondsText(quantity: Quantity): string {
  return written(quantity, (value) =>
    Math.abs(value) < 99.95 ? `${value.toFixed(1)} s` : `${wholeText(value)} s`,
  )
}

/** `1 beat`, `2,400 beats` */
export function counted(count: number, noun: string): string {
  return `${wholeText(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`
}

export function isMeasured(quantity: Quantity): quantity is number {
  return typeof quantity === 'number' && Number.isFinite(quantity)
}

function written(quantity: Quantity, write: (value: number) => string): string {
  return isMeasured(quantity) ? write(quantity) : NOT_MEASURED
}

function grouped(whole: number): string {
  if (!Number.isSafeInteger(whole)) return whole.toPrecision(4)
  return String(whole === 0 ? 0 : whole).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
