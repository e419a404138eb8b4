import type { FixState } from '../splice/fix-state.ts'
import type { Journal } from '../splice/journal.ts'
import type { Passage } from '../splice/passage.ts'
import { precheck, type PrecheckRefusal, type SpliceGoal } from '../splice/precheck.ts'
import type { SplicePlan } from '../splice/plan.ts'
import { runTransaction, type TransactionOutcome } from '../splice/transaction.ts'
import type { ShelvedHotfix } from './fix-shelf.ts'
import { findFunctionTaken, type FunctionTaken } from './function-taken.ts'
import { type HostMemory, locateFix, type LocateOutcome } from './locate-fix.ts'

export type ChangeOutcome =
  | Exclude<LocateOutcome, { readonly kind: 'located' }>
  /** The fix it stands on is not in memory as a whole. */
  | { readonly kind: 'base-not-applied'; readonly base: string; readonly state: FixState }
  /** Other fixes stand on it; they have to go first. */
  | { readonly kind: 'in-the-way'; readonly fixes: readonly string[] }
  /** A function that it changes is patched by another hotfix, or through the other channel. */
  | { readonly kind: 'function-taken'; readonly taken: FunctionTaken }
  | { readonly kind: 'refused'; readonly reason: PrecheckRefusal }
  /** Memory is as wanted; nothing was written. */
  | { readonly kind: 'nothing-to-do'; readonly plan: SplicePlan }
  | { readonly kind: 'ran'; readonly plan: SplicePlan; readonly outcome: TransactionOutcome }

export interface ChangePorts {
  readonly journal: Journal
  readonly passage: Passage
  /** Names the transaction: unique on this host. */
  readonly transaction: string
}

/** Brings a fix into the running hypervisor, or takes it out, or changes nothing and says why. */
export async function changeFix(
  host: HostMemory,
  shelved: ShelvedHotfix,
  goal: SpliceGoal,
  ports: ChangePorts,
): Promise<ChangeOutcome> {
  // Before the plan: of a function that is patched already, the planner could say that alone.
  const taken = goal === 'applied' ? await findFunctionTaken(host, shelved.hotfix) : undefined
  if (taken !== undefined && taken.kind !== 'none') return taken
  const outcome = await locateFix(host, shelved)
  if (outcome.kind !== 'located') return outcome
  const { plan, image, base, inTheWay, state } = outcome.located
  if (base !== undefined && base.state.kind !== 'applied') {
    // Without its base the fix is in no meaning applied, so there is nothing to take out.
    if (goal === 'not-applied' && base.state.kind === 'not-applied') {
      return { kind: 'nothing-to-do', plan }
    }
    return { kind: 'base-not-applied', base: base.name, state: base.state }
  }
  if (inTheWay.length > 0) {
    if (goal === 'applied' && state.kind === 'applied') return { kind: 'nothing-to-do', plan }
    return { kind: 'in-the-way', fixes: inTheWay }
  }
  const { memory, location, engine } = host.session
  const checked = await precheck(memory, { plan, goal, location, image })
  switch (checked.kind) {
    case 'refused':
      return checked
    case 'already-applied':
    case 'not-applied':
      return { kind: 'nothing-to-do', plan }
    case 'ready': {
      const { journal, passage, transaction } = ports
      const { grant, found } = checked
      const order = { transaction, engine, plan, goal, location, grant, found }
      return {
        kind: 'ran',
        plan,
        outcome: await runTransaction({ memory, journal, passage }, order),
      }
    }
  }
}
