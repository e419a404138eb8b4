import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BuildId } from '../image/build-id.ts'
import { livepatchedFunctions } from '../splice/patched-functions.ts'
import type { LivepatchOutcome } from './livepatch-outcome.ts'
import type { LivepatchOrder } from './livepatch-prepare.ts'
import type { LivepatchRefusal } from './livepatch-refusal.ts'
import { SimKilled } from './testing/sim-livepatch.ts'
import {
  BOOT,
  FUNCTIONS,
  LivepatchWorld,
  nameOf,
  order,
  OTHER_ID,
  payloadId,
  XEN,
} from './testing/livepatch-world.ts'

/** A stack of two on `base`, one that has data, and one that goes over functions of others. */
function ordersOn(base: BuildId): readonly LivepatchOrder[] {
  return [
    order({ hotfix: 'xsa-1', number: 1, dependsOn: base }),
    order({ hotfix: 'xsa-2', number: 2, dependsOn: payloadId(1), functions: ['two'] }),
    order({ hotfix: 'xsa-3', number: 3, dependsOn: base, functions: ['two'], data: true }),
    order({ hotfix: 'xsa-4', number: 4, functions: ['one', 'two'], expected: [] }),
  ]
}

const command = fc.record({
  action: fc.constantFrom('apply', 'apply', 'apply-nodeps', 'revert', 'replace', 'unload'),
  which: fc.nat({ max: 3 }),
  killIn: fc.option(fc.record({ steps: fc.nat({ max: 14 }), made: fc.boolean() }), {
    nil: undefined,
  }),
  quiesceMs: fc.constantFrom(1, 1, 45, 1000),
  busyFor: fc.constantFrom(0, 0, 200),
})

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** Also at a record of the journal, where the channel says that it could not be made. */
function isKill(error: unknown): boolean {
  return error instanceof SimKilled || (error instanceof Error && isKill(error.cause))
}

async function run(
  world: LivepatchWorld,
  given: LivepatchOrder,
  { action }: Command,
): Promise<LivepatchOutcome | 'killed'> {
  const channel = world.channel()
  try {
    switch (action) {
      case 'apply':
        return await channel.apply(given)
      case 'apply-nodeps':
        return await channel.apply(given, { nodeps: true })
      case 'replace':
        return await channel.replace(given)
      default:
        return await channel[action](nameOf(given))
    }
  } catch (error) {
    if (isKill(error)) return 'killed'
    throw error
  }
}

/** What may stand against each action in the world of these tests, wherever others were killed. */
const FOUNDED: Readonly<Record<Command['action'], readonly string[]>> = {
  apply: ['other-dependency', 'expectation-failed'],
  'apply-nodeps': ['expectation-failed'],
  revert: ['not-on-top'],
  replace: ['other-dependency', 'replaces-itself', 'would-revert-others'],
  unload: ['still-applied'],
}

function unfounded(action: Command['action'], refusal: LivepatchRefusal): boolean {
  return !FOUNDED[action].includes(refusal.kind === 'xen' ? refusal.answer.meaning : refusal.kind)
}

/** Runs the commands, and says where an outcome is not what Xen has. */
async function runAll(
  world: LivepatchWorld,
  orders: readonly LivepatchOrder[],
  commands: readonly Command[],
): Promise<readonly string[]> {
  const { xen } = world
  const lies: string[] = []
  for (const each of commands) {
    const given = orders[each.which]
    if (given === undefined) throw new RangeError(`There is no order ${each.which}`)
    xen.killIn = each.killIn && { ...each.killIn }
    xen.quiesceMs.push(each.quiesceMs)
    xen.busyUntil = xen.now() + each.busyFor
    const outcome = await run(world, given, each)
    xen.killIn = undefined
    if (outcome === 'killed') continue
    const name = nameOf(given)
    const state = world.listed().find((line) => line.startsWith(`${name} `))
    const wanted = /apply|replace/.test(each.action) ? `${name} applied` : undefined
    const fault =
      outcome.kind === 'refused'
        ? unfounded(each.action, outcome.refusal)
        : outcome.kind === 'incomplete' || state !== wanted
    if (fault) lies.push(`${each.action} ${name}: ${JSON.stringify(outcome)}`)
  }
  // What is under way ends.
  xen.quiesceMs.length = 0
  await xen.sleep(5000)
  return lies
}

describe('a channel that is killed anywhere', () => {
  const orders = ordersOn(XEN)

  it('leaves what the list and the journal tell, and what further commands finish', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 8 }), async (commands) => {
        const world = new LivepatchWorld()
        const { xen } = world
        expect(await runAll(world, orders, commands)).toEqual([])

        const shown = world.channel().list()
        if (shown.kind === 'refused') throw new Error('The list was refused')
        expect(shown.stack.applied.map(({ name }) => name)).toEqual(xen.appliedNames)
        const patched = livepatchedFunctions(world.entries, BOOT, shown.payloads)
        expect(patched.unrecorded).toEqual([])
        const told = new Set(patched.functions.map(({ name }) => name))
        const changed = FUNCTIONS.filter((name) => xen.entryOf(name) !== 'linked')
        expect([...told].toSorted()).toEqual(changed.toSorted())

        for (const name of xen.appliedNames.toReversed()) {
          expect((await world.channel().revert(name)).kind).toBe('done')
        }
        for (const each of orders) {
          expect(['done', 'already']).toContain((await world.channel().revert(nameOf(each))).kind)
        }
        expect(world.listed()).toEqual([])
        expect(FUNCTIONS.filter((name) => xen.entryOf(name) !== 'linked')).toEqual([])
        for (const each of orders.slice(0, 2)) {
          expect((await world.channel().apply(each)).kind).toBe('done')
        }
      }),
      { seed: 0x11fe, numRuns: 400 },
    )
  })

  it("never touches another tool's payload, below its own or above", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 5 }),
        fc.array(command, { maxLength: 3 }),
        async (commands, later) => {
          const world = new LivepatchWorld()
          const { xen } = world
          await world.applyByOther(XEN)
          expect(await runAll(world, ordersOn(OTHER_ID), [...commands, ...later])).toEqual([])
          expect(xen.entryOf('three')).toBe(OTHER_ID)
          expect(xen.appliedNames[0]).toBe('lp_other')
          expect(world.listed()).toContain('lp_other applied')
        },
      ),
      { seed: 0x07e5, numRuns: 200 },
    )
  })
})
