import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { runBuildCommand } from '../src/workshop/build-command.ts'

/** The keys of one Dom0 image, in OpenSSH's formats. Made with it; no two caches share them. */
export interface Dom0Keys {
  readonly hostPrivate: string
  readonly hostPublic: string
  readonly clientPrivate: string
  readonly clientPublic: string
}

export async function makeDom0Keys(): Promise<Dom0Keys> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'reweave-keys-'))
  try {
    for (const name of ['host', 'client']) {
      const settings = ['-q', '-t', 'ed25519', '-N', '', '-C', `reweave lab ${name}`]
      await runBuildCommand('ssh-keygen', [...settings, '-f', path.join(directory, name)])
    }
    const read = (name: string): string => readFileSync(path.join(directory, name), 'utf8')
    return {
      hostPrivate: read('host'),
      hostPublic: read('host.pub'),
      clientPrivate: read('client'),
      clientPublic: read('client.pub'),
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
