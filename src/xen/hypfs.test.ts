import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hypfsText } from './hypfs.ts'

/** As Xen answers: `struct xen_hypfs_direntry`, then the contents, in a larger buffer. */
function answer(contents: Uint8Array, encoding: number): Uint8Array {
  const data = new Uint8Array(4096)
  const view = new DataView(data.buffer)
  view.setUint8(0, 2)
  view.setUint8(1, encoding)
  view.setUint32(4, contents.length, true)
  data.set(contents, 12)
  return data
}

const TEXT = 'CONFIG_HVM=y\nCONFIG_NR_CPUS=256\n'

describe('hypfsText()', () => {
  it('unpacks what Xen keeps packed', () => {
    expect(hypfsText(answer(gzipSync(TEXT), 1))).toBe(TEXT)
  })

  it('takes plain contents as they are, without the zero byte that ends a string', () => {
    expect(hypfsText(answer(new TextEncoder().encode(`${TEXT}\0`), 0))).toBe(TEXT)
  })
})
