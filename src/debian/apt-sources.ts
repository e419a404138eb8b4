/**
 * Apt's source lists: reading both formats, and keeping what is built from.
 *
 * Formats: sources.list(5), one line for each source or stanzas in deb822 style.
 *
 * @module
 */

/** One stanza or line of a source list. */
export interface AptSource {
  readonly types: readonly string[]
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  readonly enabled: boolean
  /** All other options, such as `Signed-By`, with their deb822 names and values as written. */
  readonly options: ReadonlyMap<string, string>
}

/** The suites of Debian 12. Others mixed in would change what `apt-get` picks. */
const SUITES = new Set(['bookworm', 'bookworm-updates', 'bookworm-security'])
const NAMED = new Set(['types', 'uris', 'suites', 'components', 'enabled'])

/** The sources in a `.sources` file. Stanzas without types or URIs are left out. */
export function parseStanzas(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines
    .join('\n')
    .split(/\n[ \t]*\n/)
    .map(parseFields)
    .map(sourceFromFields)
    .filter((source) => source.types.length > 0 && source.uris.length > 0)
}

/** The sources in a `.list` file. Lines that are none are left out. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line): AptSource[] => {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+([^\s#]+)([^#]*)/.exec(line)
    if (match === null) return []
    const [, type = '', options = '', uri = '', suite = '', components = ''] = match
    return [
      {
        types: [type],
        uris: [uri],
        suites: [suite],
        components: words(components),
        enabled: true,
        options: parseLineOptions(options),
      },
    ]
  })
}

/**
 * The part of these sources that offers Debian 12's binary packages in `main`.
 *
 * Third parties' sources and other releases are dropped: nothing is taken from them, and one
 * of them being out of reach must not keep the rest from being read.
 */
export function keepBookworm(sources: readonly AptSource[]): AptSource[] {
  return sources.flatMap((source): AptSource[] => {
    const suites = source.suites.filter((suite) => SUITES.has(suite))
    const offersMain = source.components.includes('main')
    if (!source.enabled || !source.types.includes('deb') || !offersMain || suites.length === 0) {
      return []
    }
    return [{ ...source, types: ['deb'], suites, components: ['main'] }]
  })
}

/** These sources as a `.sources` file. */
export function formatStanzas(sources: readonly AptSource[]): string {
  return sources
    .map((source) => {
      const fields: [string, string][] = [
        ['Types', source.types.join(' ')],
        ['URIs', source.uris.join(' ')],
        ['Suites', source.suites.join(' ')],
        ['Components', source.components.join(' ')],
        ...source.options,
      ]
      return fields.map(([name, value]) => `${name}: ${value}\n`).join('')
    })
    .join('\n')
}

function parseFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>()
  let last: string | undefined
  for (const line of stanza.split('\n')) {
    if (/^[ \t]/.test(line) && last !== undefined) {
      // A continuation: of a list of words, or of a key written into the stanza.
      fields.set(last, `${fields.get(last) ?? ''}\n${line}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    last = line.slice(0, colon).trim()
    fields.set(last, line.slice(colon + 1).trim())
  }
  return fields
}

function sourceFromFields(fields: ReadonlyMap<string, string>): AptSource {
  const named = new Map([...fields].map(([name, value]) => [name.toLowerCase(), value]))
  return {
    types: words(named.get('types')),
    uris: words(named.get('uris')),
    suites: words(named.get('suites')),
    components: words(named.get('components')),
    enabled: !/^(?:no|false|0|off|without|disable)$/i.test(named.get('enabled') ?? 'yes'),
    options: new Map([...fields].filter(([name]) => !NAMED.has(name.toLowerCase()))),
  }
}

/** `signed-by=/a,/b arch=amd64` → `Signed-By: /a /b`, `Architectures: amd64`. */
function parseLineOptions(text: string): Map<string, string> {
  const pairs = words(text).flatMap((word): [string, string][] => {
    const equals = word.indexOf('=')
    if (equals <= 0) return []
    const name = word.slice(0, equals).toLowerCase()
    return [[DEB822_NAMES[name] ?? name, word.slice(equals + 1).replaceAll(',', ' ')]]
  })
  return new Map(pairs)
}

/** The options whose two spellings differ by more than case (sources.list(5)). */
const DEB822_NAMES: Readonly<Record<string, string>> = {
  arch: 'Architectures',
  lang: 'Languages',
  target: 'Targets',
  'signed-by': 'Signed-By',
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '')
}
