import type { RemoteMachine } from '../../../lab/remote-machine.ts'

/** How a `reweave … --json` in Dom0 ended. */
export interface ReweaveAnswer {
  readonly exit: number
  /** What it printed, or undefined if that was nothing. */
  readonly json: unknown
  readonly stderr: string
}

/** What a command prints that fails. */
export interface FailureJson {
  readonly ok: false
  readonly error: string
  readonly exit: number
  readonly message: string
}

/** What of `reweave apply` and `reweave revert` the tests look at. */
export interface ChangeJson {
  readonly result: string
  readonly written: number
  readonly engine: string
  readonly dma: { readonly bytes: number }
  /** Why staged code was left, if it was. */
  readonly staged?: string
}

/** What of one fix in `reweave status` the tests look at. */
export interface StatusJson {
  readonly fix: string
  readonly state: string
  readonly sentence: string
  readonly journal?: { readonly goal: string; readonly end: string }
  readonly appliedBeforeReboot: boolean
}

/** What of `reweave inspect` the tests look at. */
export interface HostFactsJson {
  readonly buildId: string
  readonly cpus: number
  readonly image: { readonly start: string; readonly byteLength: number }
  readonly iommu: { readonly kind: string; readonly evidence: string }
  readonly domains: readonly { readonly id: number; readonly type: string }[]
  readonly engines: readonly {
    readonly kind: string
    readonly driver?: string
    readonly usable: boolean
    readonly why?: string
  }[]
  readonly channels: readonly {
    readonly channel: string
    readonly works: boolean
    readonly why: string
  }[]
}

/** Runs the command that an operator would type, with `--json`. */
export async function reweave(
  machine: RemoteMachine,
  args: readonly string[],
): Promise<ReweaveAnswer> {
  const { exit, stdout, stderr } = await machine.exec(['reweave', ...args, '--json'])
  return { exit, json: parsed(stdout), stderr }
}

/** Runs it so that it kills itself once the `step`-th journal record is durable. */
export async function reweaveKilledAt(
  machine: RemoteMachine,
  step: number,
  args: readonly string[],
): Promise<ReweaveAnswer> {
  // The shell stays to tell a signal (128 + its number) from a broken connection.
  const script = 'step=$1; shift; REWEAVE_KILL_AT_STEP=$step reweave "$@" --json; exit $?'
  const command = ['sh', '-c', script, 'sh', String(step), ...args]
  const { exit, stdout, stderr } = await machine.exec(command)
  return { exit, json: parsed(stdout), stderr }
}

/** As `reweave()`, for a command that must succeed: what it printed. */
export async function reweaveDone(
  machine: RemoteMachine,
  args: readonly string[],
): Promise<unknown> {
  const { exit, json, stderr } = await reweave(machine, args)
  if (exit !== 0) throw new Error(`'reweave ${args.join(' ')}' ended with ${exit}: ${stderr}`)
  return json
}

/** What a shell says of a command that SIGKILL ended. */
export const KILLED = 137

export function parsed(stdout: string): unknown {
  return stdout.trim() === '' ? undefined : JSON.parse(stdout)
}
