/**
 * Dom0's file tree, put together from unpacked packages.
 *
 * No maintainer script of any package runs, so nothing here needs root, a user namespace or a
 * chroot; the few things such scripts would have left behind are made here by hand.
 *
 * @module
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runBuildCommand } from '../src/workshop/build-command.ts'
import { DOM0_EXCLUDED_FILES, DOM0_NODE } from './dom0-recipe.ts'
import type { Dom0Keys } from './dom0-keys.ts'

const CHECKOUT = path.resolve(import.meta.dirname, '..')
const SCRIPTS = path.join(import.meta.dirname, 'dom0')

/** The committed files that go into Dom0 and its initramfs, by name. */
export function readDom0Scripts(): Map<string, string> {
  const names = readdirSync(SCRIPTS).sort()
  return new Map(names.map((name) => [name, readFileSync(path.join(SCRIPTS, name), 'utf8')]))
}

/** The version of the Node that goes in. */
export function dom0NodeVersion(): string {
  const file = path.join(CHECKOUT, DOM0_NODE, 'package.json')
  const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const isPackage = typeof found === 'object' && found !== null && 'version' in found
  if (isPackage && typeof found.version === 'string') return found.version
  throw new Error(`Cannot tell the version of Node: ${file} names none`)
}

/** Unpacks packages into a new tree with a merged /usr, as Debian 12 has it. */
export async function unpackPackages(
  files: readonly string[],
  tree: string,
  progress: (line: string) => void,
): Promise<void> {
  mkdirSync(tree)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(path.join(tree, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, path.join(tree, name))
  }
  const excluded = DOM0_EXCLUDED_FILES.map((pattern) => `--exclude=${pattern}`)
  const unpack =
    'set -o pipefail; package=$1; shift; dpkg-deb --fsys-tarfile "$package" | tar --extract "$@"'
  let count = 0
  for (const file of files) {
    // Packages still ship /bin and /lib; there, the link must stay a link.
    const options = ['--keep-directory-symlink', '--no-same-owner', '-C', tree, ...excluded]
    await runBuildCommand('bash', ['-c', unpack, 'bash', file, ...options])
    count += 1
    if (count % 20 === 0) progress(`Unpacking: ${count} of ${files.length} packages`)
  }
}

/** Makes a tree of unpacked packages a system that boots. */
export async function configureTree(
  tree: string,
  options: { readonly scripts: ReadonlyMap<string, string>; readonly keys: Dom0Keys },
): Promise<void> {
  const inTree = (name: string): string => path.join(tree, name)
  const write = (name: string, text: string, mode = 0o644): void => {
    mkdirSync(path.dirname(inTree(name)), { recursive: true })
    writeFileSync(inTree(name), text)
    chmodSync(inTree(name), mode)
  }
  const link = (target: string, name: string): void => {
    rmSync(inTree(name), { recursive: true, force: true })
    mkdirSync(path.dirname(inTree(name)), { recursive: true })
    symlinkSync(target, inTree(name))
  }
  for (const name of EMPTY_FOLDERS) {
    mkdirSync(inTree(name), { recursive: true })
  }
  chmodSync(inTree('tmp'), 0o1777)
  link('/run', 'var/run')
  link('/run/lock', 'var/lock')

  const masters = 'usr/share/base-passwd'
  const users = readFileSync(inTree(`${masters}/passwd.master`), 'utf8')
  write('etc/passwd', `${users.replaceAll(':*:', ':x:')}${SSHD_USER}`)
  write('etc/group', readFileSync(inTree(`${masters}/group.master`), 'utf8'))
  write('etc/hostname', 'dom0\n')
  write('etc/hosts', '127.0.0.1 localhost dom0\n')
  write('etc/inittab', scriptNamed(options.scripts, 'inittab'))
  write('sbin/lab-up', scriptNamed(options.scripts, 'lab-up.sh'), 0o755)
  write('root/.profile', "PS1='dom0:\\w# '\n")

  write('etc/ssh/sshd_config', SSHD_CONFIG)
  write('etc/ssh/ssh_host_ed25519_key', options.keys.hostPrivate, 0o600)
  write('etc/ssh/ssh_host_ed25519_key.pub', options.keys.hostPublic)
  write('root/.ssh/authorized_keys', options.keys.clientPublic, 0o600)
  chmodSync(inTree('root/.ssh'), 0o700)
  chmodSync(inTree('root'), 0o700)

  link('dash', 'usr/bin/sh')
  link('mawk', 'usr/bin/awk')
  copyFileSync(path.join(CHECKOUT, DOM0_NODE, 'bin/node'), inTree('usr/local/bin/node'))
  link('/opt/reweave/reweave', 'usr/local/bin/reweave')
  await linkApplets(tree)
}

/** Gives busybox's applets their names where no package brought the real program. */
async function linkApplets(tree: string): Promise<void> {
  const busybox = path.join(tree, 'bin', 'busybox')
  const names = (await runBuildCommand(busybox, ['--list'])).split('\n')
  for (const name of names) {
    const taken = ['bin', 'sbin'].some((folder) => existsSync(path.join(tree, 'usr', folder, name)))
    if (name !== '' && !taken) symlinkSync('/bin/busybox', path.join(tree, 'usr', 'bin', name))
  }
}

function scriptNamed(scripts: ReadonlyMap<string, string>, name: string): string {
  const text = scripts.get(name)
  if (text === undefined) throw new Error(`Cannot find lab/dom0/${name}`)
  return text
}

/** Made by base-files' maintainer script, or mounted over. */
const EMPTY_FOLDERS =
  'dev home mnt opt/reweave proc root run sys tmp usr/local/bin var/lib/xen var/log var/tmp'.split(
    ' ',
  )

const SSHD_USER = 'sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n'

/** The one client is the lab, over the loopback of this host. */
// Without PAM and DNS a session costs a fork less and no timeout. Sessions are many because the
// lab multiplexes all it does over one connection.
const SSHD_CONFIG = `\
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile .ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
MaxSessions 200
MaxStartups 100
Subsystem sftp internal-sftp
`
