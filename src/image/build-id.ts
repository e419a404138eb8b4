/** The identity of one hypervisor build: the GNU build-id note, as lower-case hexadecimal. */
export type BuildId = string & { readonly __buildId: true }

const SHAPE = /^[0-9a-f]{16,64}$/

/** The build-id written as `text`, or undefined if it is none (8 to 32 bytes in hexadecimal). */
export function parseBuildId(text: string): BuildId | undefined {
  const lower = text.trim().toLowerCase()
  return SHAPE.test(lower) && lower.length % 2 === 0 ? (lower as BuildId) : undefined
}

export function buildIdFromBytes(bytes: Uint8Array): BuildId | undefined {
  return parseBuildId(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''))
}
