import type { AbsenceReason, Difference, SymbolProof } from './object-proof.ts'

const ABSENCE: Readonly<Record<AbsenceReason, string>> = {
  discarded: 'its section is thrown away when Xen is linked',
  'object-not-linked': 'nothing of the object was linked',
  'defined-elsewhere': 'the image has the symbol from another object',
  unknown: 'no symbol there has its name and file',
}

/** One sentence for people, without a full stop; `object` is where the function comes from. */
export function describeVerdict(object: string, proof: SymbolProof): string {
  const name = `${proof.symbol.name} of ${object}`
  const { verdict } = proof
  switch (verdict.kind) {
    case 'identical':
      return `${name} is the image's`
    case 'explained': {
      const texts = verdict.texts.map(({ found, wanted }) => `'${found}', not '${wanted}'`)
      return `${name} differs only in a text that says how the image was built: ${texts.join('; ')}`
    }
    case 'different':
      return `${name} is not the image's: ${describeDifference(verdict.difference)}`
    case 'not-in-image':
      return `${name} is not in the image: ${ABSENCE[verdict.reason]}`
  }
}

function describeDifference(difference: Difference): string {
  const { kind, at, within, found, wanted } = difference
  const place = `at byte ${at}${within === undefined ? '' : `, in ${within},`}`
  switch (kind) {
    case 'length':
      return `the image has ${found}, the object ${wanted}, and they part at byte ${at}`
    case 'bytes':
      return `${place} the image has ${found}, the object ${wanted}`
    case 'reference':
      return `${place} the image refers to ${found}, the object to ${wanted}`
    case 'text':
      return `${place} the image refers to the text '${found}', the object to '${wanted}'`
    case 'table':
      return `the entries ${place} differ: the image has ${found}, the object ${wanted}`
    case 'unresolved':
      return `${place} the object refers to ${wanted}, which the image does not name`
    case 'unsupported':
      return `${place} the object has ${wanted}, which is not computed; the image has ${found}`
  }
}
