import { parseBuildId } from '../image/build-id.ts'
import type { BuildRecord } from './build-record.ts'
import type { BuildCatalogue } from './fix-presence.ts'
import type { ImportProblem } from './import-problem.ts'
import { JsonFields } from './json-fields.ts'

/** What a catalogue came to. Its good entries are there whatever the problems. */
export interface CatalogueRead {
  readonly catalogue: BuildCatalogue
  readonly problems: readonly ImportProblem[]
}

/** Reads `builds.json`. Never throws. Of two entries for one build the later one counts. */
export function readBuildCatalogue(json: unknown, file: string): CatalogueRead {
  const problems: ImportProblem[] = []
  const fields = JsonFields.of(json, { file, at: '', problems })
  if (fields?.value('formatVersion') !== 1) {
    const sentence = 'A catalogue of builds of format version 1 is wanted here'
    problems.push({ name: 'unknown-format', file, at: '', lost: 'file', sentence })
    return { catalogue: new Map(), problems }
  }
  const records = fields.objects('builds').flatMap(recordOf)
  return { catalogue: new Map(records.map((record) => [record.buildId, record])), problems }
}

function recordOf(fields: JsonFields): BuildRecord | [] {
  const buildId = parseBuildId(fields.text('buildId') ?? '')
  const sourceVersion = fields.text('sourceVersion')
  if (buildId === undefined || sourceVersion === undefined) {
    fields.refuse('buildId', 'bad-field', 'A build-id and the source version of it are wanted here')
    return []
  }
  return {
    buildId,
    sourceVersion,
    package: packageOf(fields.object('package')),
    extraFixes: fields.list('extraFixes').filter((one) => typeof one === 'number'),
    source: fields.text('source') ?? '',
  }
}

function packageOf(fields: JsonFields | undefined): BuildRecord['package'] {
  const distribution = fields?.text('distribution')
  const name = fields?.text('name')
  const version = fields?.text('version')
  if (distribution === undefined || name === undefined || version === undefined) return undefined
  return { distribution, name, version }
}
