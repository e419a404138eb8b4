import { hex, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, describeRange } from '../address/address-range.ts'
import type { BuildId } from '../image/build-id.ts'
import { paddingBehindText, paddingBetweenFunctions, RELAY_BYTES } from '../image/free-bytes.ts'
import type { Image, ImageSymbol } from '../image/image.ts'

/** What `image show` tells about an image. */
export interface ImageSummary {
  readonly buildId: BuildId
  readonly buildIdAt: VirtualAddress
  readonly image: AddressRange<VirtualAddress>
  readonly sections: readonly SectionSummary[]
  readonly symbols: { readonly all: number; readonly functions: number }
  readonly padding: {
    readonly behindText: AddressRange<VirtualAddress>
    readonly betweenFunctions: {
      readonly byteLength: number
      readonly runs: number
      /** Runs that hold a relay. */
      readonly relayRuns: number
    }
  }
}

interface SectionSummary extends AddressRange<VirtualAddress> {
  readonly name: string
  readonly executable: boolean
  readonly inFile: boolean
}

export function summarizeImage(image: Image): ImageSummary {
  const runs = paddingBetweenFunctions(image)
  const functions = image.symbols.filter((symbol) => symbol.kind === 'function')
  return {
    buildId: image.buildId,
    buildIdAt: image.buildIdAt,
    image: { start: image.start, byteLength: image.byteLength },
    sections: image.sections.map(({ name, start, byteLength, executable, bytes }) => ({
      name,
      start,
      byteLength,
      executable,
      inFile: bytes !== undefined,
    })),
    symbols: { all: image.symbols.length, functions: functions.length },
    padding: {
      behindText: paddingBehindText(image),
      betweenFunctions: {
        byteLength: runs.reduce((sum, run) => sum + run.byteLength, 0),
        runs: runs.length,
        relayRuns: runs.filter((run) => run.byteLength >= RELAY_BYTES).length,
      },
    },
  }
}

/** The summary as a page for people, without a newline at its end. */
export function renderImageSummary(summary: ImageSummary): string {
  const { symbols, padding } = summary
  const between = padding.betweenFunctions
  const facts = [
    ['build-id', summary.buildId],
    ['  at', hex(summary.buildIdAt)],
    ['image', describeRange(summary.image)],
    ['symbols', `${symbols.all}, ${symbols.functions} of them functions`],
    ['padding', `${padding.behindText.byteLength} bytes behind .text`],
    ['', `${between.byteLength} bytes between functions, in ${between.runs} runs`],
    ['', `(${between.relayRuns} of at least ${RELAY_BYTES} bytes)`],
  ] as const
  const nameWidth = Math.max(...summary.sections.map((section) => section.name.length), 8)
  const rows = summary.sections.map((section) => {
    const notes = [section.executable ? 'code' : '', section.inFile ? '' : 'zeros']
    const size = String(section.byteLength).padStart(9)
    const row = `${section.name.padEnd(nameWidth)}  ${hex(section.start).padEnd(18)}  ${size}`
    return `${row}  ${notes.join('')}`.trimEnd()
  })
  return [
    ...facts.map(([name, value]) => `${name.padEnd(10)}${value}`),
    '',
    `${'section'.padEnd(nameWidth)}  ${'address'.padEnd(18)}  ${'bytes'.padStart(9)}`,
    ...rows,
  ].join('\n')
}

/** One symbol as a page for people, without a newline at its end. */
export function renderSymbol(symbol: ImageSymbol): string {
  const facts = [
    ['symbol', fullName(symbol)],
    ['address', hex(symbol.address)],
    ['bytes', String(symbol.byteLength)],
    ['kind', `${symbol.binding} ${symbol.kind === 'other' ? 'symbol' : symbol.kind}`],
  ] as const
  return facts.map(([name, value]) => `${name.padEnd(10)}${value}`).join('\n')
}

/** `file.c#name` for static symbols, as fixes and `image show --symbol` take it. */
export function fullName(symbol: ImageSymbol): string {
  return symbol.file === undefined ? symbol.name : `${symbol.file}#${symbol.name}`
}
