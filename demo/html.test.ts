import { describe, expect, it } from 'vitest'
import { escapeText, html, trustedHtml } from './html.ts'

describe('html', () => {
  it('escapes a text, in an element and in an attribute', () => {
    const text = `<b title='"'>&`
    expect(html`<p title="${text}">${text}</p>`.toString()).toBe(
      '<p title="&lt;b title=&#39;&quot;&#39;&gt;&amp;">&lt;b title=&#39;&quot;&#39;&gt;&amp;</p>',
    )
  })

  it('puts pieces of HTML and lists of them in as they are, and nothing for undefined', () => {
    const words = ['a', '<'].map((each) => html`<b>${each}</b>`)
    const rule = trustedHtml('<i>&ndash;</i>')
    expect(html`<p>${words}${undefined}${rule}</p>`.toString()).toBe(
      '<p><b>a</b><b>&lt;</b><i>&ndash;</i></p>',
    )
  })

  it('takes an object that only looks like HTML for none', () => {
    const read = JSON.parse('{"markup":"<b>"}') as string
    expect(() => html`${read}`).toThrow(TypeError)
  })
})

describe('escapeText()', () => {
  it('leaves nothing that acts on a page or on a terminal', () => {
    expect(escapeText('a\u001b[2J\u0000\ud800\u202eb\r\nc\ufffe')).toBe(
      'a\ufffd[2J\ufffd\ufffd\ufffdb c\ufffd',
    )
  })
})
