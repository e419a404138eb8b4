import { Command, Option } from 'commander'
import type { Image, ImageSymbol } from '../image/image.ts'
import { depthOf, surveyEntrySwitches } from '../splice/entry/entry-survey.ts'
import { EntrySwitches } from '../splice/entry/find-entry-switch.ts'
import { FunctionSweeps } from '../splice/function-sweeps.ts'
import { CommandFailed } from './command-failed.ts'
import { findSymbol } from './find-symbol.ts'
import { print, progress } from './output.ts'
import { readImageFile } from './read-image-file.ts'
import {
  entryAnswerValue,
  renderEntryAnswer,
  renderSurvey,
  surveyValue,
} from './splice-survey-report.ts'

interface SplicesOptions {
  readonly json?: boolean
  readonly list?: 'cannot'
}

const EXAMPLES = `
Examples:
  $ reweave image splices /usr/lib/debug/boot/xen-syms-4.17-amd64
  $ reweave image splices xen-syms --list cannot
  $ reweave image splices xen-syms do_dm_op common/domain.c#domain_teardown
`

/** `reweave image splices`: which functions can be switched to new code while CPUs run, and how. */
export function imageSplicesCommand(): Command {
  return new Command('splices')
    .description('count the functions of a build that can be switched to new code while CPUs run')
    .argument('<base>', "the build's xen-syms")
    .argument('[function...]', 'tell how these can be switched; file.c#name for a static one')
    .addOption(new Option('--list <what>', 'name the functions, too').choices(['cannot']))
    .option('--json', 'print for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (base: string, functions: readonly string[], options: SplicesOptions) => {
      const image = await readImageFile(base)
      const json = options.json === true
      if (functions.length > 0) answerFor(image, functions, json)
      else survey(image, options.list === 'cannot', json)
    })
}

function survey(image: Image, list: boolean, json: boolean): void {
  const began = Date.now()
  let told = began
  const result = surveyEntrySwitches(new FunctionSweeps(image), (done, all) => {
    const now = Date.now()
    if (now - told < PROGRESS_MS) return
    told = now
    progress(`${done} of ${all} functions`)
  })
  print(json, surveyValue(image.buildId, result), renderSurvey(image.buildId, result, list))
}

/** How long the command is silent at most. */
const PROGRESS_MS = 1000

function answerFor(image: Image, names: readonly string[], json: boolean): void {
  const symbols = names.map((name) => functionNamed(image, name))
  const sweeps = new FunctionSweeps(image)
  const switches = new EntrySwitches(sweeps)
  const answers = symbols.map((symbol) => {
    const answer = switches.find(symbol, { isFree: () => true })
    const depth = answer.kind === 'switchable' ? depthOf(sweeps, answer) : undefined
    return { answer, depth }
  })
  const value = { buildId: image.buildId, functions: answers.map(entryAnswerValue) }
  print(json, value, answers.map(renderEntryAnswer).join('\n\n'))
}

function functionNamed(image: Image, name: string): ImageSymbol {
  const symbol = findSymbol(image, name)
  if (symbol.kind === 'function') return symbol
  throw new CommandFailed('badSymbols', `${name} is no function`, { symbol: name })
}
