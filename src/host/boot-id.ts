import { readFileSync } from 'node:fs'

/**
 * Names this boot of the machine. Xen and Dom0 start and end together, so Linux's boot id of Dom0
 * names Xen's boot as well.
 */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}
