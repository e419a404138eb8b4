import { describe, expect, it } from 'vitest'
import { machineAddress } from '../address/address.ts'
import { issueWriteGrant } from '../memory/write-grant.ts'
import { crashAnywhere, crashFaults, CrashInvariantBroken } from './crash-anywhere.ts'
import type { TransactionPorts } from './transaction.ts'

const at = machineAddress(0x1000n)
const text = { start: at, byteLength: 4096 }
const grant = issueWriteGrant([text], text)
const bytes = new Uint8Array(16).fill(7)

interface World {
  readonly done: string[]
}

function portsOf(world: World): TransactionPorts {
  return {
    journal: { append: async ({ kind }) => void world.done.push(kind) },
    passage: { everyCpuHasLeft: async () => ({ kind: 'left' }) },
    memory: {
      read: async () => [],
      write: async (_grant, _at, { length }) => {
        world.done.push(`write ${length}`)
        return { kind: 'accepted' }
      },
    },
  }
}

async function act({ journal, memory }: TransactionPorts): Promise<void> {
  await journal.append({ kind: 'intent', transaction: 't', write: 0, direction: 'put-after' })
  const outcome = await memory.write(grant, at, bytes)
  if (outcome.kind !== 'accepted') throw new Error('The write failed')
  await journal.append({ kind: 'end', transaction: 't', result: { kind: 'completed' } })
}

const trial = {
  newWorld: (): World => ({ done: [] }),
  portsOf,
  act,
  finishes: { again: act },
  faultsAtOnce: 1,
  check: () => undefined,
} as const

describe('crashAnywhere()', () => {
  it('puts every fault at every call', async () => {
    const seen = new Map<string, string>()
    const result = await crashAnywhere<World>({
      ...trial,
      check: (world, { faults, ending, finish }) => {
        if (finish !== undefined) return
        const name = faults.map(({ fault, call }) => `${fault} ${call}`).join()
        seen.set(name, `${world.done.join(', ')}: ${ending.kind}`)
      },
    })
    expect(result).toEqual({ calls: 3, runs: 1 + 3 * crashFaults.length })
    expect(seen.size).toBe(result.runs)
    expect(seen.get('')).toBe('intent, write 16, end: resolved')
    expect(seen.get('killed-before 2')).toBe('intent: killed')
    expect(seen.get('killed-after 2')).toBe('intent, write 16: killed')
    expect(seen.get('killed-half-way 2')).toBe('intent, write 8: killed')
    expect(seen.get('refused 2')).toBe('intent: rejected')
    expect(seen.get('refused-after 2')).toBe('intent, write 16: rejected')
    expect(seen.get('twice 2')).toBe('intent, write 16, write 16, end: resolved')
  })

  it('finishes in every way, twice', async () => {
    const finished: string[] = []
    await crashAnywhere<World>({
      ...trial,
      finishes: { one: act, other: act },
      check: (_, { faults, finish }) => {
        if (finish && faults.length === 0) finished.push(`${finish.by} ${finish.times}`)
      },
    })
    expect(finished).toEqual(['one 1', 'one 2', 'other 1', 'other 2'])
  })

  it('lets a killed process do nothing more', async () => {
    await crashAnywhere<World>({
      ...trial,
      act: async (ports) => {
        await act(ports).catch(() => undefined)
        await ports.passage.everyCpuHasLeft().catch(() => undefined)
        await act(ports).catch(() => undefined)
      },
      check: (world, { ending, faults, finish }) => {
        const killedFirst = faults[0]?.call === 1 && faults[0].fault === 'killed-before'
        if (!killedFirst || finish !== undefined) return
        expect(ending.kind).toBe('killed')
        expect(world.done).toEqual([])
      },
    })
    expect.assertions(2)
  })

  it('says at which fault an invariant broke', async () => {
    const broken = crashAnywhere<World>({
      ...trial,
      check: (world) => {
        if (world.done.at(-1) === 'write 8') throw new Error('The write is torn')
      },
    })
    await expect(broken).rejects.toBeInstanceOf(CrashInvariantBroken)
    await expect(broken).rejects.toThrow(
      'With killed-half-way at call 2 (memory.write), before a restart: The write is torn',
    )
  })

  it('counts a way to finish that throws as broken', async () => {
    const broken = crashAnywhere<World>({
      ...trial,
      finishes: {
        never: async () => {
          throw new Error('No way')
        },
      },
    })
    await expect(broken).rejects.toThrow("With no fault, after 'never' ran once: No way")
  })

  it('fails what comes after a fault that the process survives', async () => {
    const { runs } = await crashAnywhere<World>({
      ...trial,
      act: async (ports) => act(ports).catch(() => act(ports)),
      faultsAtOnce: 2,
    })
    // `refused` and `refused-after` at call k leave k + 3 calls, of which 3 come later.
    expect(runs).toBe(1 + 3 * 6 + 3 * 2 * 3 * 6)
  })
})
