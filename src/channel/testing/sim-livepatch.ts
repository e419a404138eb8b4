import type { LivepatchStatus, LoadedLivepatch } from '../../xen/livepatch-abi.ts'
import type {
  LivepatchActionRequest,
  LivepatchAnswer,
  LivepatchListAnswer,
  LivepatchStatusAnswer,
} from '../../xen/livepatch.ts'
import { XEN_ERRNO } from '../../xen/xen-errno.ts'
import type { LivepatchClock, LivepatchPort } from '../livepatch-port.ts'

/** What the model needs to know of a payload. Sent as JSON, in the ELF file's place. */
export interface SimPayload {
  readonly buildId: string
  readonly xenBuildId: string
  readonly dependsOn: string
  /** The functions that it replaces, and what it expects at their entries; '' for nothing. */
  readonly functions: readonly (readonly [name: string, expected: string])[]
  /** Whether it has data of its own, so that Xen does not apply it twice. */
  readonly data?: boolean
  readonly vetoingHooks?: boolean
}

export function simPayloadBytes(payload: SimPayload): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(payload))
}

/** The process that spoke to Xen was killed. Xen goes on. */
export class SimKilled extends Error {
  readonly code = 'sim-killed'
}

interface Loaded {
  readonly name: string
  readonly payload: SimPayload
  state: 'checked' | 'applied'
  rc: number
  reverted: boolean
  /** What was at the entries before. */
  saved: readonly string[]
}

interface Work {
  readonly loaded: Loaded
  readonly action: 'apply' | 'revert' | 'replace'
  readonly timeoutMs: number
  readonly since: number
}

const { EAGAIN, EBUSY, EEXIST, EINVAL, ENOENT, EOPNOTSUPP, EPERM } = XEN_ERRNO

/**
 * Xen's livepatch state machine, and time, as in xen/common/livepatch.c of 4.14 to 4.21.
 *
 * The quirks are kept: an action that does not fit the state is answered well and does nothing; a
 * request that meets a busy Xen leaves its payload marked as under way for good; a replace looks at
 * expectations only once it has reverted everything.
 */
export class SimLivepatch implements LivepatchPort, LivepatchClock {
  interfaceVersion = 0x15
  readonly xenBuildId: string
  /** Whether XSM permits livepatching. */
  permitted = true
  /** For each action to come, how long the CPUs need to come together; then 1 ms. */
  readonly quiesceMs: number[] = []
  /** Until then another tool's action is under way. */
  busyUntil = 0
  /** After so many steps the process is killed: with the next made, or before it. */
  killIn: { steps: number; readonly made: boolean } | undefined
  /** The timeouts that actions were given, in the order in which they were taken. */
  readonly timeouts: number[] = []
  readonly #loaded: Loaded[] = []
  readonly #applied: Loaded[] = []
  /** What is at the entry of each function: 'linked', or the build-id of a payload. */
  readonly #entries = new Map<string, string>()
  readonly #messages: string[] = []
  #work: Work | undefined
  #now = 0

  constructor(xenBuildId: string) {
    this.xenBuildId = xenBuildId
  }

  entryOf(name: string): string {
    return this.#entries.get(name) ?? 'linked'
  }

  /** Changes what is at a function's entry, as a splice would. */
  spoil(name: string, bytes: string): void {
    this.#entries.set(name, bytes)
  }

  /** The names of what is applied, the lowest first: what LIST does not tell. */
  get appliedNames(): readonly string[] {
    return this.#applied.map(({ name }) => name)
  }

  now(): number {
    return this.#now
  }

  async sleep(milliseconds: number): Promise<void> {
    // What a killed process slept, Xen has lived through all the same.
    this.step(() => this.#pass(milliseconds))
  }

  messages(): readonly string[] {
    return [...this.#messages]
  }

  list(): LivepatchListAnswer {
    return this.step(() => {
      if (!this.permitted) return error(EPERM)
      const payloads = this.#loaded.map(({ name, state, rc }): LoadedLivepatch => {
        return { name, state, rc, metadata: [] }
      })
      return { kind: 'list', payloads }
    })
  }

  get(name: string): LivepatchStatusAnswer {
    return this.step(() => {
      const found = this.#find(name)
      return found === undefined ? error(ENOENT) : { kind: 'status', ...statusOf(found) }
    })
  }

  upload(name: string, bytes: Uint8Array): LivepatchAnswer {
    return this.step(() => {
      if (!this.permitted) return error(EPERM)
      if (this.#find(name) !== undefined) return error(EEXIST)
      const payload = parse(bytes)
      if (payload === undefined) return error(EINVAL)
      const twin = this.#loaded.find((each) => each.payload.buildId === payload.buildId)
      if (twin !== undefined) return this.#say(`${name}: Already loaded as ${twin.name}!`, EEXIST)
      if (payload.xenBuildId !== this.xenBuildId) {
        return this.#say(`${name}: check against hypervisor build-id failed`, EINVAL)
      }
      this.#loaded.push({ name, payload, state: 'checked', rc: 0, reverted: false, saved: [] })
      return { kind: 'ok' }
    })
  }

  act(request: LivepatchActionRequest): LivepatchAnswer {
    return this.step(() => this.#act(request))
  }

  #act({ name, action, timeoutNs, nodeps }: LivepatchActionRequest): LivepatchAnswer {
    if (!this.permitted) return error(EPERM)
    const found = this.#find(name)
    if (found === undefined) return error(ENOENT)
    if (this.#work?.loaded === found) return error(EBUSY)
    if (action === 'unload') {
      if (found.state === 'applied') return error(EINVAL)
      this.#loaded.splice(this.#loaded.indexOf(found), 1)
      return { kind: 'ok' }
    }
    if (action === 'revert') {
      if (found.state === 'checked') return { kind: 'ok' }
      const top = this.#applied.at(-1)
      if (top !== found) return this.#say(`${name}: can't unload. Top is ${top?.name}`, EBUSY)
      return this.#schedule(found, action, timeoutNs)
    }
    if (found.state === 'applied') return { kind: 'ok' }
    const { payload } = found
    if (action === 'apply') {
      if (found.reverted && payload.data === true) {
        found.rc = -EINVAL
        this.#messages.push(`${name}: can't revert as payload has .data. Please unload`)
        return { kind: 'ok' }
      }
      const below = this.#applied.at(-1)?.payload.buildId ?? this.xenBuildId
      if (!nodeps && payload.dependsOn !== below) {
        return this.#say(`${name}: check against ${below} build-id failed`, EINVAL)
      }
      if (!this.#meetsExpectations(found)) return error(EINVAL)
      return this.#schedule(found, action, timeoutNs)
    }
    if (payload.dependsOn !== this.xenBuildId) {
      return this.#say(`${name}: check against hypervisor build-id failed`, EINVAL)
    }
    const vetoing = [found, ...this.#applied].some((each) => each.payload.vetoingHooks === true)
    if (vetoing) return error(EOPNOTSUPP)
    return this.#schedule(found, action, timeoutNs)
  }

  #schedule(loaded: Loaded, action: Work['action'], timeoutNs: number): LivepatchAnswer {
    loaded.rc = -EAGAIN
    if (this.#work !== undefined || this.#now < this.busyUntil) return error(EBUSY)
    this.timeouts.push(timeoutNs)
    const timeoutMs = timeoutNs / 1_000_000
    this.#work = { loaded, action, timeoutMs, since: this.#now }
    return { kind: 'ok' }
  }

  /** Lets time go by, and ends what is under way when its time has come. */
  #pass(milliseconds: number): void {
    this.#now += milliseconds
    const work = this.#work
    if (work === undefined) return
    const needed = this.quiesceMs[0] ?? 1
    if (this.#now - work.since < Math.min(needed, work.timeoutMs)) return
    this.quiesceMs.shift()
    this.#work = undefined
    if (needed > work.timeoutMs) {
      this.#messages.push(`${work.loaded.name}: Timed out on semaphore in CPU quiesce phase 0/1`)
      work.loaded.rc = -EBUSY
      return
    }
    this.#do(work)
  }

  #do({ loaded, action }: Work): void {
    loaded.rc = 0
    if (action === 'revert') {
      this.#revert(loaded)
      return
    }
    if (action === 'replace') {
      for (const each of this.#applied.toReversed()) this.#revert(each)
      if (!this.#meetsExpectations(loaded)) {
        loaded.rc = -EINVAL
        return
      }
    }
    loaded.saved = loaded.payload.functions.map(([name]) => this.entryOf(name))
    for (const [name] of loaded.payload.functions) this.#entries.set(name, loaded.payload.buildId)
    loaded.state = 'applied'
    this.#applied.push(loaded)
  }

  #revert(loaded: Loaded): void {
    for (const [index, [name]] of loaded.payload.functions.entries()) {
      this.#entries.set(name, loaded.saved[index] ?? 'linked')
    }
    loaded.state = 'checked'
    loaded.reverted = true
    this.#applied.splice(this.#applied.indexOf(loaded), 1)
  }

  #meetsExpectations({ name, payload }: Loaded): boolean {
    const failed = payload.functions.find(
      ([each, expected]) => expected !== '' && expected !== this.entryOf(each),
    )
    if (failed !== undefined) this.#messages.push(`${name}: expectations of ${failed[0]} failed`)
    return failed === undefined
  }

  #find(name: string): Loaded | undefined {
    return this.#loaded.find((each) => each.name === name)
  }

  #say(message: string, errno: number): LivepatchAnswer {
    this.#messages.push(message)
    return error(errno)
  }

  /** Something that the process does, and at which it may be killed. */
  step<T>(make: () => T): T {
    const kill = this.killIn
    if (kill === undefined) return make()
    kill.steps -= 1
    if (kill.steps >= 0) return make()
    this.killIn = undefined
    if (kill.made) make()
    throw new SimKilled('killed')
  }
}

function parse(bytes: Uint8Array): SimPayload | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as SimPayload
  } catch {
    return undefined
  }
}

function statusOf({ state, rc }: Loaded): LivepatchStatus {
  return { state, rc }
}

function error(errno: number): { readonly kind: 'error'; readonly errno: number } {
  return { kind: 'error', errno }
}
