import { spawnOwned } from './owned-process.ts'

/** A program that was to make something ended badly; the message ends with what it said. */
export class BuildFailed extends Error {
  readonly code = 'build-failed'
  /** All that the program wrote to standard error, or else to standard output. */
  readonly complaints: string

  constructor(message: string, options: ErrorOptions & { readonly complaints?: string } = {}) {
    super(message, options)
    this.name = 'BuildFailed'
    this.complaints = options.complaints ?? ''
  }
}

export interface BuildCommandOptions {
  readonly directory?: string
  /** The variables of this process's environment that the program gets; left out, all of them. */
  readonly inherit?: readonly string[]
  /** Added to them. */
  readonly environment?: Readonly<Record<string, string>>
  /** Gets each line of the program's standard output as it comes. */
  readonly onLine?: (line: string) => void
}

/**
 * Runs a program to its end and gives its standard output.
 *
 * The program dies with this process. Messages are asked for in the C locale, since some are read.
 */
export async function runBuildCommand(
  command: string,
  args: readonly string[],
  options: BuildCommandOptions = {},
): Promise<string> {
  const child = spawnOwned(command, args, {
    cwd: options.directory,
    env: { ...inherited(options.inherit), LC_ALL: 'C.UTF-8', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let complaints = ''
  let unfinished = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
    const lines = (unfinished + text).split('\n')
    unfinished = lines.pop() ?? ''
    for (const line of lines) options.onLine?.(line)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    // Not 'exit': output may still be on its way then.
    child.once('close', resolve)
  })
  if (code === 0) return output
  const said = complaints.trim() || output.trim()
  const lastWords = said.split('\n').slice(-5).join('\n  ')
  const message = `Cannot run ${command} ${args[0] ?? ''}: exit code ${code}\n  ${lastWords}`
  throw new BuildFailed(message, { complaints: said })
}

function inherited(names: readonly string[] | undefined): NodeJS.ProcessEnv {
  if (names === undefined) return process.env
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}
