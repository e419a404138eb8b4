/**
 * Makes a hotfix's payload of objects that are compiled already, and says what that took:
 * `node bench/building/diff-alone.ts WORK`. Run by bench/building.ts, in a process of its own.
 *
 *     WORK/pairs.json     ListedPair[]
 *     WORK/xen-syms       the base
 *     WORK/before/0.o     and so on, by the index in pairs.json
 *     WORK/after/0.o
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { diffBuild } from '../../src/build/diff-build.ts'
import { readImage } from '../../src/image/read-image.ts'
import { checkPayload } from '../../src/payload/check-payload.ts'
import { emitLivepatch } from '../../src/payload/emit-livepatch.ts'
import { readPayload } from '../../src/payload/read-payload.ts'
import type { DiffCost, ListedPair } from './diff-cost.ts'

const [work = '.'] = process.argv.slice(2)
const pairs = (JSON.parse(readFileSync(path.join(work, 'pairs.json'), 'utf8')) as ListedPair[]).map(
  (pair, index) => ({
    ...pair,
    before: new Uint8Array(readFileSync(path.join(work, `before/${index}.o`))),
    after: new Uint8Array(readFileSync(path.join(work, `after/${index}.o`))),
  }),
)
const syms = new Uint8Array(readFileSync(path.join(work, 'xen-syms')))

const begun = performance.now()
const read = readImage(syms)
if (read.kind === 'refused') throw new Error('The symbol file was refused')
const { image } = read
const imageRead = performance.now()
const { patch, reasons } = diffBuild(pairs, image)
if (reasons.length > 0) throw new Error(`The patch was refused: ${JSON.stringify(reasons)}`)
const compared = performance.now()
const digest = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()
const written = emitLivepatch({ patch, image, version: 2, info: [['name', 'bench']], digest })
if (written.kind === 'refused') throw new Error(`No payload: ${JSON.stringify(written.reasons)}`)
const back = readPayload(written.bytes)
if (back.kind === 'refused' || checkPayload(back.payload, image).length > 0) {
  throw new Error('The payload does not fit its base')
}
const emitted = performance.now()
const { user, system } = process.cpuUsage()

const cost: DiffCost = {
  startMs: begun,
  imageMs: imageRead - begun,
  diffMs: compared - imageRead,
  emitMs: emitted - compared,
  cpuMs: (user + system) / 1000,
  peakBytes: process.resourceUsage().maxRSS * 1024,
  replaced: patch.replacements.length,
  payloadBytes: written.bytes.length,
}
process.stdout.write(`${JSON.stringify(cost)}\n`)
