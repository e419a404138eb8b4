import type { Hypervisor } from './hypervisor.ts'
import {
  type ActionArguments,
  decodeListed,
  decodeListReply,
  decodeStatus,
  encodeAction,
  encodeGet,
  encodeList,
  encodeUpload,
  FIRST_WITH_METADATA,
  listBuffers,
  type LivepatchStatus,
  type LoadedLivepatch,
  MAX_LIVEPATCH_NAME_BYTES,
  type NameHandle,
} from './livepatch-abi.ts'
import type { Sysctl } from './sysctl.ts'
import { XEN_ERRNO } from './xen-errno.ts'

/** Xen's error, positive: see `XEN_ERRNO`. */
export interface LivepatchError {
  readonly kind: 'error'
  readonly errno: number
}

export type LivepatchAnswer = { readonly kind: 'ok' } | LivepatchError
export type LivepatchStatusAnswer = ({ readonly kind: 'status' } & LivepatchStatus) | LivepatchError
export type LivepatchListAnswer =
  | { readonly kind: 'list'; readonly payloads: readonly LoadedLivepatch[] }
  | LivepatchError

export interface LivepatchActionRequest extends Omit<ActionArguments, 'name'> {
  readonly name: string
}

/** Where names go in the shared buffer: behind the structure of the call, before `DATA`. */
const NAME = 1024
/** LIST answers -E2BIG for more at once (xen/common/livepatch.c). */
const MOST_AT_ONCE = 1024
/** How often the list is read anew because a payload came or went in between. */
const LIST_ATTEMPTS = 8

/**
 * Xen's own livepatch mechanism, by its hypercall: each method is one call, and no policy.
 *
 * An `ok` to an action means that Xen has taken it, not that it was done: that `get` tells. An
 * action that does not fit the payload's state is answered `ok` as well, and nothing happens.
 */
export class Livepatch {
  readonly #hypervisor: Hypervisor
  readonly #sysctl: Sysctl

  constructor(hypervisor: Hypervisor, sysctl: Sysctl) {
    this.#hypervisor = hypervisor
    this.#sysctl = sysctl
  }

  get interfaceVersion(): number {
    return this.#sysctl.interfaceVersion
  }

  /** Loads a payload under a name. Xen checks it and puts it to no use yet. */
  upload(name: string, payload: Uint8Array): LivepatchAnswer {
    return this.#hypervisor.withMemory(payload.length, ({ address, bytes }) => {
      bytes.set(payload)
      const handle = { address, byteLength: payload.length }
      return answerOf(this.#op((args) => encodeUpload(args, this.#name(name), handle)).result)
    })
  }

  get(name: string): LivepatchStatusAnswer {
    const { result, args } = this.#op((view) => encodeGet(view, this.#name(name)))
    return result < 0 ? error(result) : { kind: 'status', ...decodeStatus(args) }
  }

  act(request: LivepatchActionRequest): LivepatchAnswer {
    const version = this.interfaceVersion
    if (request.nodeps && version < FIRST_WITH_METADATA) return error(-XEN_ERRNO.EOPNOTSUPP)
    const name = (): NameHandle => this.#name(request.name)
    const fill = (args: DataView): void => {
      encodeAction(args, version, { ...request, name: name() })
    }
    return answerOf(this.#op(fill).result)
  }

  /** All payloads that are loaded, of one moment. */
  list(): LivepatchListAnswer {
    for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt += 1) {
      const payloads = this.#listOnce()
      if (typeof payloads === 'number') return error(payloads)
      if (payloads !== undefined) return { kind: 'list', payloads }
    }
    return error(-XEN_ERRNO.EAGAIN)
  }

  /** What Xen said of livepatches on its console, as far as the ring still has it, oldest first. */
  messages(): readonly string[] {
    return livepatchMessages(this.#sysctl.consoleRing())
  }

  /** Undefined when the list changed meanwhile; a negative errno when Xen refused. */
  #listOnce(): readonly LoadedLivepatch[] | number | undefined {
    const version = this.interfaceVersion
    const asked = this.#op((args) => encodeList(args, version))
    if (asked.result < 0) return asked.result
    const whole = decodeListReply(asked.args, version)
    const payloads: LoadedLivepatch[] = []
    // Xen may stop early to let other work run, so one call need not tell of all.
    while (payloads.length < whole.remaining) {
      const first = payloads.length
      const buffers = listBuffers(version, {
        ...whole,
        remaining: Math.min(whole.remaining - first, MOST_AT_ONCE),
      })
      const told = this.#hypervisor.withMemory(buffers.byteLength, ({ address, bytes }) => {
        const { result, args } = this.#op((view) => {
          encodeList(view, version, { address, buffers, first })
        })
        if (result < 0) return result
        if (decodeListReply(args, version).version !== whole.version) return undefined
        return decodeListed(bytes, version, buffers, result)
      })
      // -EINVAL: there are fewer by now. -ENOBUFS: their names or metadata are longer by now.
      if (told === -XEN_ERRNO.EINVAL || told === -XEN_ERRNO.ENOBUFS) return undefined
      if (told === undefined || typeof told === 'number') return told
      if (told.length === 0) return undefined
      payloads.push(...told)
    }
    return payloads
  }

  #op(fill: (args: DataView) => void): { readonly result: number; readonly args: DataView } {
    return this.#sysctl.livepatch(fill)
  }

  #name(name: string): NameHandle {
    const bytes = Uint8Array.from(name, (unit) => unit.charCodeAt(0))
    if (bytes.length > MAX_LIVEPATCH_NAME_BYTES) {
      throw new RangeError(
        `A livepatch's name has at most ${MAX_LIVEPATCH_NAME_BYTES} bytes: '${name}'`,
      )
    }
    const buffer = this.#hypervisor.buffer(NAME, bytes.length + 1)
    buffer.bytes.set(bytes)
    return { address: buffer.address, byteLength: bytes.length + 1 }
  }
}

/** The messages about livepatches in what Xen's console ring holds, without its own prefix. */
export function livepatchMessages(consoleRing: string): readonly string[] {
  return consoleRing.split('\n').flatMap((line) => {
    const message = /^(?:\(XEN\) )?(?:\[[^\]]*\] )?(?:\S+:\d+: ?)?livepatch: (.*)$/.exec(
      line.trimEnd(),
    )
    return message?.[1] === undefined ? [] : [message[1]]
  })
}

function answerOf(result: number): LivepatchAnswer {
  return result < 0 ? error(result) : { kind: 'ok' }
}

function error(result: number): LivepatchError {
  return { kind: 'error', errno: -result }
}
