import { prepareLab } from '../../../lab/parts.ts'

/**
 * Makes the lab before the first machine test, whichever that is: on a fresh machine it installs
 * QEMU and builds Dom0's disk.
 */
export async function setup(): Promise<void> {
  await prepareLab({ progress: (line) => process.stderr.write(`${line}\n`) })
}
