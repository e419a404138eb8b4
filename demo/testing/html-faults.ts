/**
 * What is wrong with a page's markup: tags that do not balance, attributes without quotes or given
 * twice, characters that must be references, ids given twice, and references to ids that are not
 * there. Empty for a page that is well formed.
 *
 * Stricter than a browser: no end tag may be left out, and nothing is repaired.
 */
export function htmlFaults(page: string): readonly string[] {
  const faults: string[] = []
  const open: string[] = []
  const ids = new Set<string>()
  const wanted: string[] = []
  let rest = page
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest) ?? undefined
    if (match !== undefined) rest = rest.slice(match[0].length)
    return match
  }
  take(/^<!DOCTYPE html>\s*/)
  for (;;) {
    if (rest === '') break
    const end = take(/^<\/([a-z][a-z0-9]*)\s*>/)
    if (end !== undefined) {
      const opened = open.pop()
      if (opened !== end[1]) faults.push(`</${end[1]}> closes <${opened}>`)
      continue
    }
    const start = take(/^<([a-z][a-z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*(?:="[^"<]*")?)*)\s*(\/?)>/)
    if (start !== undefined) {
      const [, name = '', attributes = '', closed] = start
      faults.push(...attributeFaults(name, attributes, ids, wanted))
      if (closed === '' && !VOID.has(name)) open.push(name)
      if (name === 'style') take(/^[^<]*/)
      continue
    }
    const [text = ''] = take(/^[^<]+/) ?? []
    if (text === '') {
      faults.push(`stray markup: ${rest.slice(0, 60)}`)
      break
    }
    faults.push(...textFaults(text))
  }
  for (const name of open) faults.push(`<${name}> is not closed`)
  for (const id of wanted) if (!ids.has(id)) faults.push(`nothing has the id ${id}`)
  return faults
}

/** The HTML standard's void elements that a report may use. */
const VOID = new Set(['meta', 'link', 'br', 'hr', 'img'])

function attributeFaults(
  element: string,
  attributes: string,
  ids: Set<string>,
  wanted: string[],
): readonly string[] {
  const faults: string[] = []
  const seen = new Set<string>()
  for (const [, name = '', value = ''] of attributes.matchAll(
    /([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"]*)")?/g,
  )) {
    if (seen.has(name)) faults.push(`<${element}> has ${name} twice`)
    seen.add(name)
    faults.push(...textFaults(value))
    if (name.startsWith('on')) faults.push(`<${element}> has a script in ${name}`)
    if (name === 'aria-labelledby') wanted.push(...value.split(' '))
    if (name !== 'id') continue
    if (ids.has(value)) faults.push(`the id ${value} is given twice`)
    ids.add(value)
  }
  return faults
}

function textFaults(text: string): readonly string[] {
  const bare = text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')
  const faults = /[&<]/.test(bare) ? [`a character without a reference in: ${text}`] : []
  const unseen = /[^\P{Cc}\n]/u.test(bare) || !text.isWellFormed()
  return unseen ? [...faults, `a control character in: ${JSON.stringify(text)}`] : faults
}
