/** Maps a stretch of values onto a stretch of a drawing. */
export interface Scale {
  readonly from: number
  readonly to: number
  /** Where a value lies; values outside land on the nearer end. */
  at(value: number): number
}

/** A linear scale. A stretch without an extent is drawn as one of length 1. */
export function linearScale(
  domain: { readonly from: number; readonly to: number },
  drawing: { readonly from: number; readonly to: number },
): Scale {
  const { from } = domain
  const to = domain.to > from ? domain.to : from + 1
  return {
    from,
    to,
    at(value) {
      const share = Math.min(Math.max((value - from) / (to - from), 0), 1)
      return drawing.from + share * (drawing.to - drawing.from)
    },
  }
}

/** Round values within the scale's stretch, at most `most` of them and one more: 0, 20, 40, … */
export function roundValues({ from, to }: Scale, most: number): readonly number[] {
  const rough = (to - from) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power
  const first = Math.ceil(from / step)
  const values: number[] = []
  for (let index = 0; index <= most; index += 1) {
    const value = (first + index) * step
    if (value > to) break
    values.push(value)
  }
  return values
}

/**
 * Puts labels of one width side by side, each as near to its wish as the others allow.
 *
 * Gives the labels' centres, in the order of the wishes, which must rise. They overlap only where
 * there is not room for all.
 */
export function spreadLabels(
  wishes: readonly number[],
  room: { readonly from: number; readonly to: number },
  width: number,
): readonly number[] {
  const pitch = Math.min(width, (room.to - room.from) / Math.max(wishes.length, 1))
  const centres: number[] = []
  for (const wish of wishes) {
    const previous = centres.at(-1)
    const least = previous === undefined ? room.from + pitch / 2 : previous + pitch
    centres.push(Math.max(wish, least))
  }
  let most = room.to - pitch / 2
  for (let index = centres.length - 1; index >= 0; index -= 1) {
    const centre = Math.min(centres[index] ?? most, most)
    centres[index] = centre
    most = centre - pitch
  }
  return centres
}
