/**
 * Xen's livepatch mechanism from Dom0, call by call and through the channel: `livepatch FOLDER`.
 *
 * Reads one JSON request a line and prints one JSON answer a line. The journal is in FOLDER, so that
 * a second process goes on where a first one was killed.
 *
 * @module
 */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { LivepatchChannel } from '../../src/channel/livepatch-channel.ts'
import { describeLivepatchRefusal } from '../../src/channel/livepatch-refusal.ts'
import type { LivepatchOrder } from '../../src/channel/livepatch-prepare.ts'
import { readBootId } from '../../src/host/boot-id.ts'
import { JournalFile } from '../../src/host/journal-file.ts'
import { findSymbols, symbolPatterns } from '../../src/host/symbol-files.ts'
import { readPayload } from '../../src/payload/read-payload.ts'
import { livepatchedFunctions } from '../../src/splice/patched-functions.ts'
import { Hypervisor } from '../../src/xen/hypervisor.ts'
import { readBuildId, readVersion } from '../../src/xen/identity.ts'
import type { LivepatchAction } from '../../src/xen/livepatch-abi.ts'
import { Livepatch } from '../../src/xen/livepatch.ts'
import { Sysctl } from '../../src/xen/sysctl.ts'

/** What can be asked for. `payload` is the file in base64. */
export type LivepatchRequest =
  | { readonly ask: 'version' | 'list' | 'messages' | 'show' | 'patched' }
  | { readonly ask: 'upload'; readonly name: string; readonly payload: string }
  | { readonly ask: 'get' | 'revert' | 'unload'; readonly name: string }
  | {
      readonly ask: 'act'
      readonly name: string
      readonly action: LivepatchAction
      readonly nodeps?: boolean
      readonly timeoutNs?: number
    }
  | {
      readonly ask: 'apply' | 'replace'
      readonly hotfix: string
      readonly payload: string
      readonly nodeps?: boolean
    }

/** In emulation, CPUs take their time. */
const TIMEOUT_NS = 500_000_000

const opened = Hypervisor.open()
if (opened.kind === 'refused') throw new Error(opened.refusal.kind)
const { hypervisor } = opened
const sysctl = Sysctl.open(hypervisor)
if (sysctl === undefined) throw new Error('No known sysctl interface version')
const port = new Livepatch(hypervisor, sysctl)
const journal = JournalFile.open(process.argv[2] ?? '/run/livepatch-test')
const bootId = readBootId()
let transactions = journal.entries.length
const channel = new LivepatchChannel({
  port,
  clock: {
    now: () => performance.now(),
    sleep: async (milliseconds) => {
      await sleep(milliseconds)
    },
  },
  journal: journal.forBoot(bootId),
  entries: () => journal.entries,
  bootId,
  image: runningImage(),
  newTransaction: () => `t${(transactions += 1)}`,
})

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await answerTo(JSON.parse(line) as LivepatchRequest).catch((error: unknown) => {
    return { failed: String(error) }
  })
  process.stdout.write(`${JSON.stringify(answer, asJson)}\n`)
}

async function answerTo(request: LivepatchRequest): Promise<unknown> {
  switch (request.ask) {
    case 'version':
      return readVersion(hypervisor)
    case 'list':
      return port.list()
    case 'messages':
      return port.messages()
    case 'show':
      return channel.list()
    case 'patched': {
      const listed = port.list()
      if (listed.kind === 'error') return listed
      return livepatchedFunctions(journal.entries, bootId, listed.payloads)
    }
    case 'upload':
      return port.upload(request.name, bytesOf(request.payload))
    case 'get':
      return port.get(request.name)
    case 'act': {
      const { name, action, nodeps = false, timeoutNs = TIMEOUT_NS } = request
      return await settled(name, port.act({ name, action, nodeps, timeoutNs }))
    }
    case 'revert':
    case 'unload':
      return described(await channel[request.ask](request.name))
    case 'apply':
      return described(await channel.apply(orderOf(request), { nodeps: request.nodeps ?? false }))
    case 'replace':
      return described(await channel.replace(orderOf(request)))
  }
}

/** What Xen answered, and once the action has ended, how. */
async function settled(name: string, answer: { readonly kind: string }): Promise<unknown> {
  for (let look = 0; look < 200 && answer.kind === 'ok'; look += 1) {
    const status = port.get(name)
    if (status.kind === 'error' || status.rc !== -11) return { answer, status }
    await sleep(20)
  }
  return { answer }
}

function described(outcome: Awaited<ReturnType<LivepatchChannel['revert']>>): unknown {
  if (outcome.kind !== 'refused') return outcome
  return { ...outcome, sentence: describeLivepatchRefusal(outcome.refusal) }
}

function orderOf(request: { readonly hotfix: string; readonly payload: string }): LivepatchOrder {
  const bytes = bytesOf(request.payload)
  const read = readPayload(bytes)
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.refusal, asJson))
  return { hotfix: request.hotfix, payload: read.payload, bytes }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}

function runningImage(): ConstructorParameters<typeof LivepatchChannel>[0]['image'] {
  const buildId = readBuildId(hypervisor)
  if (buildId === undefined) throw new Error('Xen has no build-id')
  const kit = process.env['REWEAVE_KIT'] ?? '/opt/reweave'
  const found = findSymbols({ buildId, named: undefined, patterns: symbolPatterns(kit) })
  if (found.kind !== 'found') throw new Error(`No symbols: ${found.kind}`)
  return found.image
}

function asJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}
