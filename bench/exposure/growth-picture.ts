/** One line of a growth picture: how long each size took. */
export interface Growth {
  readonly name: string
  readonly points: readonly { readonly size: number; readonly ms: number }[]
}

const WIDTH = 720
const HEIGHT = 360
const LEFT = 70
const BOTTOM = 310
const RIGHT = 560
const TOP = 30
const COLOURS = ['#1f6feb', '#bf3989', '#1a7f37']

/** Times over sizes, both axes from nought, so that linear growth is a straight line through it. */
export function growthPicture(title: string, growths: readonly Growth[]): string {
  const points = growths.flatMap((growth) => growth.points)
  const widest = Math.max(...points.map(({ size }) => size))
  const slowest = Math.max(...points.map(({ ms }) => ms))
  const x = (size: number): string => (LEFT + ((RIGHT - LEFT) * size) / widest).toFixed(1)
  const y = (ms: number): string => (BOTTOM - ((BOTTOM - TOP) * ms) / slowest).toFixed(1)
  const sizes = [...new Set(points.map(({ size }) => size))]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"`,
    '  font-family="sans-serif" font-size="12" fill="#57606a">',
    `  <title>${title}</title>`,
    `  <rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `  <path d="M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}" fill="none" stroke="#8c959f"/>`,
    ...sizes.map(
      (size) =>
        `  <text x="${x(size)}" y="${BOTTOM + 18}" text-anchor="middle">${size / 1000}k</text>`,
    ),
    `  <text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 40}" text-anchor="middle">hosts</text>`,
    ...[0.25, 0.5, 0.75, 1].map(
      (share) =>
        `  <text x="${LEFT - 8}" y="${y(slowest * share)}" text-anchor="end">` +
        `${((slowest * share) / 1000).toFixed(1)} s</text>`,
    ),
    ...growths.flatMap((growth, index) => drawGrowth(growth, { index, x, y })),
    '</svg>',
    '',
  ].join('\n')
}

function drawGrowth(
  { name, points }: Growth,
  scale: {
    readonly index: number
    readonly x: (size: number) => string
    readonly y: (ms: number) => string
  },
): readonly string[] {
  const colour = COLOURS[scale.index % COLOURS.length]
  const last = points.at(-1)
  const line = points.map(({ size, ms }) => `${scale.x(size)},${scale.y(ms)}`).join(' ')
  return [
    `  <polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      ({ size, ms }) =>
        `  <circle cx="${scale.x(size)}" cy="${scale.y(ms)}" r="3.5" fill="${colour}"/>`,
    ),
    `  <text x="${RIGHT + 10}" y="${scale.y(last?.ms ?? 0)}" fill="${colour}">${name}</text>`,
  ]
}
