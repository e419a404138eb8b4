import type { BuildConfig } from '../advisory/host-facts.ts'

/**
 * The options in a `.config` of Xen, as Kconfig writes it.
 *
 * Whole: an option that Kconfig left out, or wrote down as not set, is `n`. A text that holds no
 * option at all is no configuration and gives undefined.
 */
export function parseBuildConfig(text: string): BuildConfig | undefined {
  const options: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const set = /^(CONFIG_\w+)=(.*)$/.exec(line.trim())
    const [, name, value] = set ?? []
    if (name !== undefined && value !== undefined) {
      options[name] = value.replace(/^"(.*)"$/, '$1')
    }
  }
  return Object.keys(options).length > 0 ? { options, whole: true } : undefined
}
