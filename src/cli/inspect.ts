import { Command } from 'commander'
import { describeRange } from '../address/address-range.ts'
import { exposureFacts } from '../host/exposure-facts.ts'
import { listHotfixesFor } from '../host/fix-shelf.ts'
import { type HostFacts, inspectHost } from '../host/host-facts.ts'
import { requireHypervisor } from './open-host.ts'
import { print } from './output.ts'
import { hotfixShelf } from './require-hotfix.ts'

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('shows the running hypervisor, its guests, and which channels into it would work')
    .option('--json', 'print the facts for programs, with those that inventory add takes')
    .addHelpText(
      'after',
      '\nExamples:\n  reweave inspect\n  reweave inspect --json | jq .channels\n',
    )
    .action((options: { json?: boolean }) => {
      const hypervisor = requireHypervisor()
      const facts = inspectHost(hypervisor)
      if (options.json !== true) {
        print(false, facts, renderFacts(facts))
        return
      }
      const forExposure = exposureFacts(hypervisor, facts, {
        now: new Date(),
        hotfixes: listHotfixesFor(facts.buildId, hotfixShelf()),
      })
      print(true, { ...facts, facts: forExposure }, '')
    })
}

/** The facts as a person reads them. */
export function renderFacts(facts: HostFacts): string {
  const lines = [
    `Xen        ${facts.xenVersion}, build-id ${facts.buildId ?? 'none'}`,
    `Image      ${facts.image ? describeRange(facts.image) : 'unknown'} of machine memory`,
    `CPUs       ${facts.cpus ?? 'unknown'}`,
    `IOMMU      ${facts.iommu.kind}: ${facts.iommu.evidence}`,
  ]
  lines.push(...labelled('Domains', domainLines(facts)))
  lines.push(
    ...labelled(
      'Engines',
      facts.engines.map(
        ({ kind, address, driver, why }) =>
          `${kind} ${address}, driver ${driver ?? 'none'}: ${why ?? 'usable'}`,
      ),
    ),
  )
  lines.push(
    ...labelled(
      'Channels',
      facts.channels.map(
        ({ channel, works, why }) => `${channel} ${works ? 'works' : 'does not work'}: ${why}`,
      ),
    ),
  )
  return lines.join('\n')
}

function domainLines(facts: HostFacts): string[] {
  if (facts.domains === undefined) return ['unknown: Xen speaks another interface version']
  return facts.domains.map(
    ({ id, type, state, onlineVcpus, memoryKib }) =>
      `${id}: ${type}, ${state}, ${onlineVcpus} vCPU, ${Math.round(memoryKib / 1024)} MiB`,
  )
}

/** A label beside the first of several lines, or beside `none`. */
function labelled(label: string, lines: readonly string[]): string[] {
  const all = lines.length > 0 ? lines : ['none']
  return all.map((line, index) => `${(index === 0 ? label : '').padEnd(11)}${line}`)
}
