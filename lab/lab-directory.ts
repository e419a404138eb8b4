/**
 * Where the lab keeps what is its own.
 *
 * @module
 */
import os from 'node:os'
import path from 'node:path'

/** `.lab` in the checkout, or what `REWEAVE_LAB` names. */
export function labDirectory(): string {
  const chosen = process.env['REWEAVE_LAB']
  return chosen === undefined || chosen === ''
    ? path.resolve(import.meta.dirname, '..', '.lab')
    : path.resolve(chosen)
}

/** Where everything the lab builds is kept; safe to remove while no machine runs. */
export function cacheDirectory(): string {
  return path.join(labDirectory(), 'cache')
}

/** Holds one directory for each machine, named after it. */
export function machinesDirectory(): string {
  return path.join(labDirectory(), 'machines')
}

/**
 * A prefix for `mkdtemp`: the short path under which a machine's sockets are made.
 *
 * A socket's path has at most 107 bytes (unix(7)), and OpenSSH adds 17 characters while it binds
 * one, so sockets cannot live in a checkout of any depth.
 */
export function socketDirectoryPrefix(): string {
  return path.join(os.tmpdir(), 'reweave-')
}
