import {
  count,
  type FormProblem,
  list,
  object,
  oneOf,
  optional,
  parsed,
  readForm,
  type Reader,
} from './json-form.ts'
import { printable } from './fix-problem.ts'
import { BUNDLE_LIMITS } from './manifest.ts'
import { utf8Bytes, utf8Text } from './utf8.ts'
import type { ImageReferenceForm } from '../image/image-references.ts'
import { MAX_IMAGE_BYTES } from '../image/image-symbols.ts'
import {
  type ArrivalOffsets,
  type SpliceStudy,
  STUDIED_BYTES,
  type StudiedFunction,
  type StudiedPlace,
  type StudiedReference,
} from './splice-study.ts'

export type SpliceStudyRead =
  | { readonly kind: 'read'; readonly study: SpliceStudy }
  | ({ readonly kind: 'malformed' } & FormProblem)

/** The study's file: JSON in one line. Equal studies give equal files. */
export function encodeSpliceStudy({ functions, unrunnable }: SpliceStudy): Uint8Array {
  const place = ({ name, at }: StudiedPlace) => ({ name, at: hexOf(at) })
  const form = {
    functions: functions.map(({ reachedBy, arrivals: { certain, possible }, ...one }) => ({
      ...place(one),
      reachedBy: reachedBy && {
        from: hexOf(reachedBy.from),
        to: hexOf(reachedBy.to),
        form: reachedBy.form,
      },
      arrivals: { certain, possible },
    })),
    unrunnable: { amd: unrunnable.amd.map(place), intel: unrunnable.intel.map(place) },
  }
  return utf8Bytes(`${JSON.stringify(form)}\n`)
}

/** Reads a study's file, strictly: what is taken is exactly what `encodeSpliceStudy` writes. */
export function readSpliceStudy(bytes: Uint8Array): SpliceStudyRead {
  const most = BUNDLE_LIMITS.studyBytes
  if (bytes.byteLength > most) return malformed(`${bytes.byteLength} bytes`, `at most ${most}`)
  const text = utf8Text(bytes)
  if (text === undefined) return malformed('bytes that are not UTF-8', 'UTF-8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return malformed('no JSON', 'JSON')
  }
  const read = readForm(STUDY, value)
  if (read.kind === 'fault') return { ...read, kind: 'malformed' }
  const study = read.value
  const { functions, unrunnable } = study
  for (const [field, places] of Object.entries(unrunnable)) {
    if (isRising(places.map(({ at }) => at))) continue
    return malformed('not by rising address', 'each function once', `unrunnable.${field}`)
  }
  if (new Set(functions.map(({ at }) => at)).size < functions.length) {
    return malformed('a function twice', 'each function once', 'functions')
  }
  for (const [index, { arrivals }] of functions.entries()) {
    const { certain, possible } = arrivals
    const fits = isRising(certain) && isRising(possible)
    if (fits && !certain.some((offset) => possible.includes(offset))) continue
    return malformed('not in order', 'rising offsets', `functions[${index}].arrivals`)
  }
  const isCanonical = utf8Text(encodeSpliceStudy(study)) === text
  return isCanonical ? { kind: 'read', study } : malformed('written otherwise', 'one line of JSON')
}

function malformed(found: string, wanted: string, field = ''): SpliceStudyRead {
  return { kind: 'malformed', field, found, wanted }
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((each, index) => index === 0 || each > (numbers[index - 1] ?? 0))
}

function hexOf(offset: number): string {
  return `0x${offset.toString(16)}`
}

const OFFSET = /^0x(?:0|[1-9a-f][0-9a-f]{0,7})$/

const offset: Reader<number> = parsed('a distance from the first byte of the image', (value) => {
  const number = OFFSET.test(value) ? Number(value) : MAX_IMAGE_BYTES
  return number < MAX_IMAGE_BYTES ? number : undefined
})

const symbolName: Reader<string> = parsed('the name of a function', (value) => {
  const isPlain = value !== '' && value.length <= BUNDLE_LIMITS.textLength
  return isPlain && printable(value) === value ? value : undefined
})

const arrival: Reader<number> = (value, path) =>
  oneOf(...Array.from({ length: STUDIED_BYTES }, (_, index) => index))(count(value, path), path)

const arrivals = list(arrival, STUDIED_BYTES)
const places = list(
  object<StudiedPlace>({ name: symbolName, at: offset }),
  BUNDLE_LIMITS.unrunnable,
)

const STUDY: Reader<SpliceStudy> = object<SpliceStudy>({
  functions: list(
    object<StudiedFunction>({
      name: symbolName,
      at: offset,
      reachedBy: optional(
        object<StudiedReference>({
          from: offset,
          to: offset,
          form: oneOf<ImageReferenceForm>(
            'call',
            'jump',
            'operand',
            'pointer',
            'relative',
            'exception',
            'bug',
          ),
        }),
      ),
      arrivals: object<ArrivalOffsets>({ certain: arrivals, possible: arrivals }),
    }),
    BUNDLE_LIMITS.functions,
  ),
  unrunnable: object<SpliceStudy['unrunnable']>({ amd: places, intel: places }),
})
