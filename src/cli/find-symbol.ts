import { hex } from '../address/address.ts'
import type { Image, ImageSymbol } from '../image/image.ts'
import { CommandFailed } from './command-failed.ts'
import { fullName } from './image-summary.ts'

/**
 * The one symbol that bears the name.
 *
 * @throws CommandFailed `badSymbols` when none does, or several
 */
export function findSymbol(image: Image, name: string): ImageSymbol {
  const found = image.find(name)
  switch (found.kind) {
    case 'found':
      return found.symbol
    case 'not-found':
      throw new CommandFailed('badSymbols', `No symbol is named ${name}`, { symbol: name })
    case 'ambiguous': {
      const { candidates } = found
      const names = candidates.map((symbol) => `  ${fullName(symbol)} at ${hex(symbol.address)}`)
      const message = `${candidates.length} symbols are named ${name}; name one with its file:`
      throw new CommandFailed('badSymbols', [message, ...names].join('\n'), { candidates })
    }
  }
}
