import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCompressedKernel, withoutSignature } from './linux-image.ts'

const XZ = new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 3])

/** A boot file with one setup sector and this payload, 16 bytes into the kernel proper. */
function bootFile(payload: Uint8Array): Uint8Array {
  const file = new Uint8Array(2 * 512 + 16 + payload.length + 4)
  const view = new DataView(file.buffer)
  view.setUint8(0x1f1, 1)
  file.set(new TextEncoder().encode('HdrS'), 0x202)
  view.setUint16(0x206, 0x20f, true)
  view.setUint32(0x248, 16, true)
  view.setUint32(0x24c, payload.length + 4, true)
  file.set(payload, 2 * 512 + 16)
  return file
}

describe('findCompressedKernel()', () => {
  it('finds the xz stream without the length behind it', () => {
    const found = findCompressedKernel(bootFile(XZ))
    expect(found).toEqual({ kind: 'found', xz: XZ })
  })

  it('says when the kernel is compressed otherwise', () => {
    const gzip = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0])
    expect(findCompressedKernel(bootFile(gzip)).kind).toBe('other-compression')
  })

  it('takes neither an older header, nor a payload that leaves the file, for a kernel', () => {
    const old = bootFile(XZ)
    new DataView(old.buffer).setUint16(0x206, 0x207, true)
    expect(findCompressedKernel(old).kind).toBe('not-a-kernel')
    const cut = bootFile(XZ).subarray(0, 2 * 512 + 20)
    expect(findCompressedKernel(cut).kind).toBe('not-a-kernel')
  })

  it('answers for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
        expect(findCompressedKernel(bytes).kind).toBe('not-a-kernel')
      }),
      { seed: 202, numRuns: 200 },
    )
  })
})

describe('withoutSignature()', () => {
  const signed = (module: Uint8Array, messageBytes: number, claimedBytes: number): Uint8Array => {
    const magic = new TextEncoder().encode('~Module signature appended~\n')
    const info = new Uint8Array(12)
    new DataView(info.buffer).setUint32(8, claimedBytes)
    return new Uint8Array([...module, ...new Uint8Array(messageBytes), ...info, ...magic])
  }
  const module = new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 9])

  it('takes message, information and magic text off', () => {
    expect(withoutSignature(signed(module, 20, 20))).toEqual(module)
  })

  it('leaves a module without signature, and one that claims too much, as they are', () => {
    expect(withoutSignature(module)).toBe(module)
    const lying = signed(module, 20, 1 << 20)
    expect(withoutSignature(lying)).toBe(lying)
  })
})
