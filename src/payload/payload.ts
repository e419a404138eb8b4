import type { VirtualAddress } from '../address/address.ts'
import type { ElfFile } from '../elf/elf-file.ts'
import type { BuildId } from '../image/build-id.ts'

/** The layout of `struct livepatch_func`: 1 in Xen 4.7 to 4.13, 2 since 4.14. */
export type PayloadVersion = 1 | 2

/** One entry of `.livepatch.funcs`. */
export interface PayloadFunction {
  /** As Xen looks it up: `do_dm_op`, `common/dm.c#get_op`. */
  readonly name: string
  /** Undefined where Xen looks the name up. */
  readonly oldAddress: VirtualAddress | undefined
  readonly oldByteLength: number
  /** Where the new code begins, or undefined to put NOPs over the first `newByteLength` bytes. */
  readonly code: { readonly section: number; readonly offset: number } | undefined
  readonly newByteLength: number
  /** What must be at the old function's entry. Undefined where nothing is expected (version 1). */
  readonly expected: Uint8Array | undefined
}

/**
 * A payload for Xen's livepatch, read back from its file.
 *
 * It is the source of both forms: Xen's own loader takes it as it is, and the splice form is the
 * same code, linked by Reweave to its place in the hypervisor.
 */
export interface Payload {
  readonly version: PayloadVersion
  /** The payload's own. */
  readonly buildId: BuildId
  /** The build of Xen that it is for. Undefined in version 1, where `dependsOn` says it. */
  readonly xenBuildId: BuildId | undefined
  /** What must be on top of the stack: Xen itself, or the payload applied before. */
  readonly dependsOn: BuildId
  readonly functions: readonly PayloadFunction[]
  /** The keys and values of `.modinfo`, in their order. */
  readonly info: readonly (readonly [key: string, value: string])[]
  /** Names of the hook sections that it has. Reweave makes none; others' payloads may. */
  readonly hooks: readonly string[]
  readonly elf: ElfFile
}
