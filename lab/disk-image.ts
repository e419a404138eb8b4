import { lstatSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runBuildCommand } from '../src/workshop/build-command.ts'

const MEBIBYTE = 2 ** 20
// mke2fs takes 1 KiB for a small disk, which costs four times as many requests.
const BLOCK_BYTES = 4096
const INODE_BYTES = 256

export interface DiskImageOptions {
  readonly label: string
  /** Its files become the disk's; all of them belong to root there. */
  readonly from: string
  readonly file: string
  /** Room left for files made later. A disk without any is for reading only, and has no journal. */
  readonly freeBytes: number
}

/** Makes a sparse file with an ext4 file system that holds a copy of a directory. */
export async function makeDiskImage(options: DiskImageOptions): Promise<void> {
  // ext4's own tables and the unused ends of blocks stay below a twelfth for such trees.
  const wanted = Math.ceil(occupiedBytes(options.from) * 1.12) + 8 * MEBIBYTE + options.freeBytes
  const byteLength = Math.ceil(wanted / MEBIBYTE) * MEBIBYTE
  writeFileSync(options.file, '')
  truncateSync(options.file, byteLength)
  const settings = [
    '-q',
    '-F',
    '-t',
    'ext4',
    '-b',
    String(BLOCK_BYTES),
    '-m',
    '0',
    '-L',
    options.label,
  ]
  const journal = options.freeBytes > 0 ? ['-J', 'size=8'] : ['-O', '^has_journal']
  // Else Linux goes on initialising the tables for a while after every machine's first mount.
  const complete = ['-E', 'lazy_itable_init=0,lazy_journal_init=0']
  const command = ['mke2fs', ...settings, ...journal, ...complete, '-d', options.from, options.file]
  // mke2fs copies owners from the host; fakeroot shows it root where this is somebody else.
  const [program = '', ...args] = process.getuid?.() === 0 ? command : ['fakeroot', ...command]
  await runBuildCommand(program, args, {
    environment: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  })
}

/** What the files of a tree take on a disk with 4 KiB blocks. */
function occupiedBytes(directory: string): number {
  let total = BLOCK_BYTES
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name)
    total += entry.isDirectory()
      ? occupiedBytes(file)
      : Math.ceil(lstatSync(file).size / BLOCK_BYTES) * BLOCK_BYTES + INODE_BYTES
  }
  return total
}
