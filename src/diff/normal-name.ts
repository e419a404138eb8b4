/**
 * A name without the numbers that a compiler appends: `last.1` and `last.0` are `last`,
 * `foo.constprop.0.isra.1` is `foo.constprop.isra`.
 *
 * The numbers count up over a whole object, so one new variable renumbers those behind it.
 */
export function normalName(name: string): string {
  return name.replaceAll(/\.\d+(?=\.|$)/g, '')
}

/** Whether a compiler has numbered it, so that the name alone does not say which one it is. */
export function isNumbered(name: string): boolean {
  return normalName(name) !== name
}

/** The function whose rarely executed part has this name, or undefined if it is no such part. */
export function ownerOfColdPart(name: string): string | undefined {
  return /^(.+)\.cold(\.\d+)?$/.exec(name)?.[1]
}
