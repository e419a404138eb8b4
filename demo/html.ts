import { visibleText } from './visible-text.ts'

/**
 * A piece of HTML, which goes into a page as it stands.
 *
 * Only `html` and `trustedHtml` make one. A text that looks like one is still a text.
 */
export class Html {
  readonly #markup: string

  private constructor(markup: string) {
    this.#markup = markup
  }

  static fromMarkup(markup: string): Html {
    return new Html(markup)
  }

  toString(): string {
    return this.#markup
  }
}

/** What `html` takes between its own words; `undefined` leaves nothing behind. */
export type HtmlPart = Html | string | number | undefined | readonly HtmlPart[]

/**
 * Markup with values in it: texts are escaped, for an element's content and for a quoted
 * attribute alike, pieces of HTML are not, lists are put one behind the other.
 */
// Escaping is the default and not a function to remember: what a fix file or a guest's name says
// must never become markup.
export function html(words: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const markup = words.map((word, index) => word + markupOf(parts[index])).join('')
  return Html.fromMarkup(markup)
}

/** Markup written in this project's own source, such as a style sheet. Never anything read. */
export function trustedHtml(markup: string): Html {
  return Html.fromMarkup(markup)
}

/** The text with every character that HTML could take for markup written as a reference. */
export function escapeText(text: string): string {
  return visibleText(text).replaceAll(/[&<>"']/g, (character) => REFERENCES[character] ?? character)
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function markupOf(part: HtmlPart): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.toString()
  if (typeof part === 'string') return escapeText(part)
  if (typeof part === 'number') return String(part)
  return part.map(markupOf).join('')
}
