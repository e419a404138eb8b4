/**
 * Reading a hypervisor's symbol file and decoding its code, against binutils doing the same:
 * `npm run bench`. Needs binutils, and fetches the hypervisor as the lab does.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { prepareLab } from '../lab/parts.ts'
import { contains } from '../src/address/address-range.ts'
import { linkedBytes } from '../src/splice/live-snapshot.ts'
import { planFix } from '../src/splice/plan-fix.ts'
import { parseFix } from '../src/hotfix/parse-fix.ts'
import { readImage } from '../src/image/read-image.ts'
import { decode } from '../src/x86/decode.ts'
import { inTurn, ratioTable } from './measure.ts'

const { hypervisor } = await prepareLab({ progress: () => undefined })
const bytes = new Uint8Array(readFileSync(hypervisor.syms))
const read = readImage(bytes)
if (read.kind === 'refused') throw new Error('The symbol file was refused')
const { image } = read
// Function by function, as the planner does: between them lie data and padding.
const functions = image.symbols.flatMap(({ kind, address, byteLength }) => {
  const range = { start: address, byteLength }
  const code = kind === 'function' && contains(image.text, range) && image.bytesAt(range)
  return code === false || code === undefined ? [] : [{ address, code }]
})
const codeBytes = functions.reduce((sum, { code }) => sum + code.length, 0)
const parsed = parseFix(readFileSync(new URL('../fixes/xsa-506.yaml', import.meta.url), 'utf8'))
if (parsed.kind === 'refused') throw new Error('The fix was refused')
/** Runs one of binutils and drops what it prints, which costs it writing to nowhere. */
function binutils(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'ignore' })
}

console.log(`xen-syms of ${hypervisor.version}: ${image.symbols.length} symbols\n`)
console.log('Symbols and sections, against readelf -sS')
console.log(
  ratioTable(
    await inTurn(
      {
        'readImage()': () => readImage(bytes),
        'readelf -sS': () => binutils('readelf', ['-sSW', hypervisor.syms]),
      },
      7,
    ),
  ),
)
console.log(`\nDecoding ${functions.length} functions, ${codeBytes} bytes, against objdump -d`)
console.log(
  ratioTable(
    await inTurn(
      {
        'decode(), each function': () => {
          for (const { address, code } of functions) decode(code, address)
        },
        'objdump -d -j .text': () => binutils('objdump', ['-d', '-j', '.text', hypervisor.syms]),
      },
      3,
    ),
  ),
)
console.log('\nPlanning XSA-506, against reading its symbol file')
console.log(
  ratioTable(
    await inTurn(
      {
        'planFix()': () => planFix({ fix: parsed.fix, image, live: linkedBytes(image) }),
        'readImage()': () => readImage(bytes),
      },
      7,
    ),
  ),
)
