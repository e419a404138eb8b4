import { Command } from 'commander'
import { findSymbol } from './find-symbol.ts'
import { imageSplicesCommand } from './image-splices.ts'
import { renderImageSummary, renderSymbol, summarizeImage } from './image-summary.ts'
import { print } from './output.ts'
import { readImageFile } from './read-image-file.ts'

interface ShowOptions {
  readonly json?: boolean
  readonly symbol?: string
}

const EXAMPLES = `
Examples:
  $ reweave image show /usr/lib/debug/boot/xen-syms-4.17-amd64
  $ reweave image show xen-syms --symbol do_dm_op
  $ reweave image show xen-syms --symbol common/domain.c#domain_teardown --json
`

/** `reweave image`: what a symbol file says about one build of the hypervisor. */
export function imageCommand(): Command {
  const show = new Command('show')
    .description('print the build-id, the sections, the symbols and the free bytes of a build')
    .argument('<file>', "the build's xen-syms")
    .option('--symbol <name>', 'print this symbol instead; file.c#name for a static one')
    .option('--json', 'print for programs')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: ShowOptions) => {
      await showImage(file, options)
    })
  return new Command('image')
    .description('look into symbol files')
    .addCommand(show)
    .addCommand(imageSplicesCommand())
}

async function showImage(file: string, options: ShowOptions): Promise<void> {
  const image = await readImageFile(file)
  const json = options.json === true
  if (options.symbol === undefined) {
    const summary = summarizeImage(image)
    print(json, summary, renderImageSummary(summary))
  } else {
    const symbol = findSymbol(image, options.symbol)
    print(json, symbol, renderSymbol(symbol))
  }
}
