import { Command } from 'commander'
import { hex } from '../address/address.ts'
import type { Bundle } from '../hotfix/bundle.ts'
import type { HotfixForm, HotfixFunction, HotfixOrigin } from '../hotfix/manifest.ts'
import { formatPlace } from '../hotfix/place-text.ts'
import { print } from './output.ts'
import { requireHotfix } from './require-hotfix.ts'

export function hotfixShowCommand(): Command {
  return new Command('show')
    .description('reads a bundle or a fix file, checks all of it, and says what it is')
    .argument('FILE', 'the path of a bundle or a fix file, or a name on the shelf')
    .option('--json', 'print the manifest for programs')
    .addHelpText('after', '\nExample:\n  reweave hotfix show ./xsa-506.hotfix\n')
    .action((wanted: string, options: { json?: boolean }) => {
      const { hotfix, file } = requireHotfix(wanted, 'shelf')
      const { manifest, bytes, digest } = hotfix
      const facts = { file, byteLength: bytes.byteLength, sha256: digest, ...manifest }
      print(options.json ?? false, facts, renderHotfix(hotfix))
    })
}

/** The hotfix as a person reads it. */
export function renderHotfix({ manifest, fix, bytes, digest }: Bundle): string {
  const { name, advisory, cves, title, base, onTopOf, labOnly, probe, functions } = manifest
  const changed = functions.filter(({ kind }) => kind === 'changed')
  const added = functions.filter(({ kind }) => kind === 'added')
  return [
    `${name}: ${title}`,
    `  closes     ${[advisory ?? 'no advisory', ...cves].join(', ')}`,
    `  for        ${base.version}, build-id ${base.buildId}`,
    ...(onTopOf === undefined ? [] : [`  stands on  ${onTopOf}`]),
    ...(labOnly ? ['  for the lab: it opens a hole'] : []),
    ...(probe === undefined ? [] : [`  probe      ${probe}`]),
    `  made       ${describeOrigin(manifest.origin)}, by Reweave ${manifest.reweave}`,
    ...changed.map((each) => `  replaces   ${describeFunction(each)}`),
    ...added.map((each) => `  adds       ${describeFunction(each)}`),
    ...(fix?.changes ?? []).map(({ kind, at }) => `  ${kind.padEnd(10)} ${formatPlace(at)}`),
    ...manifest.forms.flatMap(formLines),
    `  file       ${bytes.byteLength} bytes, SHA-256 ${digest}`,
  ].join('\n')
}

function describeOrigin(origin: HotfixOrigin): string {
  return origin.kind === 'written'
    ? 'written by hand'
    : `from ${origin.patch.file} with ${origin.compiler}`
}

function describeFunction(each: HotfixFunction): string {
  const { name, file, oldAddress, oldByteLength, newByteLength } = each
  const where = oldAddress === undefined ? '' : ` at ${hex(oldAddress)}`
  const from = oldByteLength === undefined ? '' : `${oldByteLength} → `
  return `${file === undefined ? '' : `${file}#`}${name}${where}, ${from}${newByteLength} bytes`
}

function formLines(form: HotfixForm): readonly string[] {
  if (form.kind === 'livepatch') {
    const { payloadVersion, interfaces, payloadBuildId } = form
    const first = interfaces[0] ?? 'none'
    const last = interfaces.at(-1) ?? first
    const releases = first === last ? first : `${first} to ${last}`
    return [
      `  livepatch  version ${payloadVersion}, for Xen ${releases}, payload ${payloadBuildId}`,
    ]
  }
  if (form.reasons.length === 0) return ['  dma        as splices, planned on the host']
  return ['  dma        not possible:', ...form.reasons.map((reason) => `             ${reason}`)]
}
