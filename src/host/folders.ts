/** Where Reweave keeps things on a host. */
export interface HostFolders {
  /** Emptied by a reboot: the lock, frames and devices taken. */
  readonly run: string
  /** Durable: the journal, and blocks saved from a medium. */
  readonly state: string
}

export const HOST_FOLDERS: HostFolders = { run: '/run/reweave', state: '/var/lib/reweave' }
