import { advance, type VirtualAddress } from '../address/address.ts'
import { type AddressRange, contains, overlaps } from '../address/address-range.ts'
import type { Change, Detour, Edit, Fix } from '../hotfix/fix.ts'
import { formatPlace } from '../hotfix/place-text.ts'
import { paddingBehindText } from '../image/free-bytes.ts'
import type { Image } from '../image/image.ts'
import { type CodeProblem, judgeCode } from './code-fitness.ts'
import { FunctionSweeps } from './function-sweeps.ts'
import { linkCode } from './link-code.ts'
import type { PlanRefusal } from './plan-refusal.ts'
import { type ResolvedPlace, resolvePlace } from './resolve-place.ts'
import { judgeDetour, judgeEdit, type SafeDetour, type SafeEdit } from './site-safety.ts'

interface Examined {
  /** The index of the change in the fix. */
  readonly index: number
  /** As the fix writes it. */
  readonly place: string
  /** What the change says it expects, and the linked image holds. */
  readonly site: AddressRange<VirtualAddress>
}

export interface ExaminedEdit extends Examined {
  readonly kind: 'edit'
  readonly change: Edit
  readonly safe: SafeEdit
}

export interface ExaminedDetour extends Examined {
  readonly kind: 'detour'
  readonly change: Detour
  readonly safe: SafeDetour
  /** The address of each relocation's target, in their order. */
  readonly targets: readonly VirtualAddress[]
}

export type ExaminedChange = ExaminedEdit | ExaminedDetour

/** What can be said of a fix without a look at the running hypervisor. */
export interface Examination {
  readonly changes: readonly ExaminedChange[]
  /** Everything that speaks against the fix. With any of it, `changes` is incomplete. */
  readonly refusals: readonly PlanRefusal[]
}

/** Checks a fix against the image it is for, as linked. */
export function examineFix(fix: Fix, image: Image): Examination {
  if (fix.base.buildId !== image.buildId) {
    // Every other finding would be about another hypervisor's bytes.
    const refusal = { kind: 'other-base', wanted: fix.base.buildId, found: image.buildId } as const
    return { changes: [], refusals: [refusal] }
  }
  const refusals: PlanRefusal[] = []
  const sweeps = new FunctionSweeps(image)
  const sites = fix.changes.map((change, index) => {
    const site = examineSite(image, change, index)
    if (!('kind' in site)) return site
    refusals.push(site)
    return undefined
  })
  const changes: ExaminedChange[] = []
  for (const [index, change] of fix.changes.entries()) {
    const site = sites[index]
    const examined =
      change.kind === 'edit'
        ? site && examineEdit(sweeps, change, index, site)
        : examineDetour(sweeps, change, index, site)
    if (examined === undefined) continue
    if ('refusals' in examined) refusals.push(...examined.refusals)
    else changes.push(examined)
  }
  refusals.push(...overlappingSites(sites))
  return { changes, refusals }
}

type Site = AddressRange<VirtualAddress>

function examineSite(image: Image, change: Change, index: number): Site | PlanRefusal {
  const { at: place } = change
  const resolved = resolvePlace(image, place, index)
  if (resolved.kind !== 'resolved') return resolved
  const site = { start: resolved.address, byteLength: change.expect.byteLength }
  if (!contains(image.text, site)) {
    const section = image.sections.find((one) => contains(one, { ...site, byteLength: 1 }))?.name
    return { kind: 'outside-text', change: index, place, section }
  }
  const found = image.bytesAt(site)
  if (found === undefined) {
    return { kind: 'outside-text', change: index, place, section: image.text.name }
  }
  if (!found.every((byte, offset) => byte === change.expect[offset])) {
    const wanted = change.expect
    return { kind: 'expectation-differs-from-base', change: index, place, wanted, found }
  }
  return site
}

interface Refused {
  readonly refusals: readonly PlanRefusal[]
}

function examineEdit(
  sweeps: FunctionSweeps,
  change: Edit,
  index: number,
  site: Site,
): ExaminedEdit | Refused {
  const { at: place } = change
  const safe = judgeEdit(sweeps, site, change.put)
  if (safe.kind === 'unsafe') {
    const { reason } = safe
    return { refusals: [{ kind: 'not-splice-safe', change: index, place, reason }] }
  }
  return { kind: 'edit', index, place: formatPlace(place), site, change, safe }
}

/** Without a `site`, which was refused already, the code is examined all the same. */
function examineDetour(
  sweeps: FunctionSweeps,
  change: Detour,
  index: number,
  site: Site | undefined,
): ExaminedDetour | Refused {
  const { at: place } = change
  const refusals: PlanRefusal[] = []
  const safe = site && judgeDetour(sweeps, site)
  if (safe?.kind === 'unsafe') {
    refusals.push({ kind: 'not-splice-safe', change: index, place, reason: safe.reason })
  }
  const linking = examineCode(sweeps, change, index, site)
  refusals.push(...linking.refusals)
  if (refusals.length > 0 || site === undefined || safe?.kind !== 'safe') return { refusals }
  const { targets } = linking
  return { kind: 'detour', index, place: formatPlace(place), site, change, safe, targets }
}

function examineCode(
  sweeps: FunctionSweeps,
  { code }: Detour,
  index: number,
  site: Site | undefined,
): { readonly targets: readonly VirtualAddress[]; readonly refusals: readonly PlanRefusal[] } {
  const refusals: PlanRefusal[] = []
  const refuse = ({ offset, reason }: CodeProblem): void => {
    refusals.push({ kind: 'unfit-code', change: index, offset, reason })
  }
  const judged = judgeCode(code)
  if (judged.kind === 'unfit') judged.problems.forEach(refuse)
  const targets: VirtualAddress[] = []
  for (const relocation of code.relocations) {
    const { target, at: offset } = relocation
    const resolved: ResolvedPlace | PlanRefusal = resolvePlace(sweeps.image, target, index)
    if (resolved.kind !== 'resolved') {
      refusals.push(resolved)
      continue
    }
    targets.push(resolved.address)
    if (judged.kind === 'unfit' || !judged.branches.has(relocation)) continue
    if (resolved.address === site?.start) {
      refuse({ offset, reason: { kind: 'branch-to-own-site' } })
    } else if (!sweeps.isInstruction(resolved.address)) {
      refuse({ offset, reason: { kind: 'target-is-no-instruction', target } })
    }
  }
  if (refusals.length > 0) return { targets, refusals }
  // Xen's image spans a few megabytes: what is in reach of one place in the padding is of all.
  const padding = paddingBehindText(sweeps.image)
  for (const at of [padding.start, advance(padding.start, padding.byteLength)]) {
    const linked = linkCode(code, at, targets)
    if (linked.kind === 'linked') continue
    const { at: offset, target } = linked.relocation
    refuse({ offset, reason: { kind: 'target-out-of-reach', target } })
    break
  }
  return { targets, refusals }
}

function overlappingSites(sites: readonly (Site | undefined)[]): readonly PlanRefusal[] {
  return sites.flatMap((site, change) =>
    sites
      .slice(0, change)
      .flatMap((earlier, other): PlanRefusal[] =>
        site !== undefined && earlier !== undefined && overlaps(site, earlier)
          ? [{ kind: 'changes-overlap', change, other }]
          : [],
      ),
  )
}
