/**
 * The exposure of a large fleet, against judging every host by itself:
 * `node bench/exposure.ts [--svg FILE]`.
 *
 * The hosts and the advisories are made up, from fixed seeds. In the first fleet hosts share
 * builds and kinds of machine, as in any fleet; in the second no two hosts are alike, which is the
 * worst there is. Times are the processor's, so that what else the machine does is not in them.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { standingOf } from '../src/advisory/assess-host.ts'
import { FleetExposure } from '../src/fleet/fleet-exposure.ts'
import { type Growth, growthPicture } from './exposure/growth-picture.ts'
import {
  madeUpAdvisories,
  madeUpFacts,
  madeUpHosts,
  numbersFrom,
} from './exposure/made-up-fleet.ts'
import { median } from './measure.ts'

const SIZES = [12_500, 25_000, 50_000, 100_000]
const ADVISORIES = 500
/** Hosts judged by themselves. All of them would take minutes. */
const SAMPLE = 500
const CHANGES = 2000
const ROUNDS = 3

const advisories = madeUpAdvisories(ADVISORIES)
const context = { catalogue: new Map(), policy: { denialOfServiceCounts: true } }

const growths = [measureGrowth('shared builds', false), measureGrowth('all different', true)]
for (const { name, points } of growths) {
  console.log(`\n${ADVISORIES} advisories, ${name}`)
  const first = points[0]
  for (const { size, ms } of points) {
    const ratio = first === undefined ? Number.NaN : ms / first.ms
    console.log(
      `  ${String(size).padStart(7)} hosts ${ms.toFixed(0).padStart(6)} ms  ${ratio.toFixed(2)} x`,
    )
  }
}
compareWithEachAlone()
measureChanges()
const peakMib = process.resourceUsage().maxRSS / 1024
console.log(`\nMost memory held at any time, with the hosts themselves: ${peakMib.toFixed(0)} MiB`)

const svg = process.argv.indexOf('--svg')
const file = svg > 0 ? process.argv[svg + 1] : undefined
if (file !== undefined) {
  writeFileSync(file, growthPicture(`Exposure of a fleet to ${ADVISORIES} advisories`, growths))
}

function measureGrowth(name: string, allDifferent: boolean): Growth {
  // Warms the compiler, so that the smallest fleet is not the slowest for each host.
  FleetExposure.of(madeUpHosts(5000, { allDifferent }), advisories, context)
  const points = SIZES.map((size) => {
    const hosts = madeUpHosts(size, { allDifferent })
    const times = Array.from({ length: ROUNDS }, () => {
      const start = process.cpuUsage()
      FleetExposure.of(hosts, advisories, context)
      return msSince(start)
    })
    return { size, ms: Math.min(...times) }
  })
  return { name, points }
}

function compareWithEachAlone(): void {
  const hosts = madeUpHosts(SAMPLE, { allDifferent: true })
  const start = process.cpuUsage()
  for (const { facts } of hosts) {
    for (const advisory of advisories) standingOf(advisory, facts, context.catalogue)
  }
  const alone = msSince(start) / SAMPLE
  for (const { name, points } of growths) {
    const last = points.at(-1)
    if (last === undefined) continue
    const ratio = alone / (last.ms / last.size)
    console.log(`\nEach host by itself takes ${ratio.toFixed(0)} x as long (${name})`)
  }
}

/** One host at a time is seen anew, in a fleet of the largest size. */
function measureChanges(): void {
  const hosts = madeUpHosts(SIZES.at(-1) ?? 0, { allDifferent: false })
  const exposure = FleetExposure.of(hosts, advisories, context)
  const pick = numbersFrom(3)
  const times = Array.from({ length: CHANGES }, (_, index) => {
    const host = hosts[pick(hosts.length)]
    if (host === undefined) return Number.NaN
    // Each change brings a build that was never seen, so that nothing is known of it.
    const facts = madeUpFacts(1_000_000 + index, pick)
    const start = process.cpuUsage()
    exposure.put({ ...host, facts })
    return msSince(start)
  })
  const slowest = Math.max(...times)
  console.log(`\nA host seen anew among ${hosts.length}, to a build never seen before:`)
  console.log(`  median ${median(times).toFixed(2)} ms, slowest ${slowest.toFixed(2)} ms`)
}

function msSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}
