import { parseBuildId } from '../../image/build-id.ts'
import type { BuildReport } from '../build-report.ts'

const buildId = parseBuildId('39a640e6f1412319235087391df9f1c5e13ae920')
if (buildId === undefined) throw new Error('The build-id is none')

/** A report in which every field is there. */
export const SAMPLE_REPORT: Required<BuildReport> = {
  verdict: 'built',
  name: 'xsa-506',
  base: { buildId, version: '4.17.5+72-g01140da4e8-1' },
  patch: {
    file: 'xsa506.patch',
    sha256: '4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b',
  },
  reasons: [],
  notes: ['without effect on x86: xen/arch/arm/dm.c'],
  functions: {
    changed: [
      {
        name: 'dm_op',
        file: 'arch/x86/hvm/dm.c',
        object: 'arch/x86/hvm/dm.o',
        oldBytes: 3483,
        newBytes: 3485,
      },
    ],
    added: [
      {
        name: 'check_buffers',
        file: undefined,
        object: 'common/dm.o',
        oldBytes: undefined,
        newBytes: 60,
      },
    ],
  },
  objects: {
    compiled: ['common/dm.o', 'arch/x86/hvm/dm.o', 'common/domctl.o'],
    changed: ['common/dm.o', 'arch/x86/hvm/dm.o'],
  },
  baseline: {
    functions: 4573,
    identical: 4550,
    explained: 1,
    different: 0,
    notInImage: 22,
    differences: [
      {
        object: 'common/version.o',
        symbol: 'xen_compile_date',
        kind: 'explained',
        harmless: true,
        sentence:
          "xen_compile_date of common/version.o differs only in a text that says how the image was built: 'Thu Jan  1', not 'Fri Jan  2'",
      },
      {
        object: 'lib/bsearch.o',
        symbol: 'bsearch',
        kind: 'not-in-image',
        harmless: true,
        sentence: 'bsearch of lib/bsearch.o is not in the image: nothing of the object was linked',
      },
      {
        object: 'lib/sort.o',
        symbol: 'sort',
        kind: 'not-in-image',
        harmless: true,
        sentence: 'sort of lib/sort.o is not in the image: nothing of the object was linked',
      },
    ],
    cached: true,
  },
  forms: [
    {
      form: 'livepatch',
      possible: true,
      about: 'version 2, for Xen 4.14 to 4.21',
      bytes: 12016,
      reasons: [],
    },
    {
      form: 'splice',
      possible: false,
      about: '',
      bytes: 0,
      reasons: [
        {
          kind: 'needs-exception-table',
          object: undefined,
          symbol: undefined,
          sentence: 'check_buffers needs an entry of the exception table',
        },
      ],
    },
  ],
  hotfix: {
    file: 'xsa-506.hotfix',
    bytes: 17408,
    sha256: 'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1',
  },
  seconds: 3.94,
  stages: { patch: 0.01, baseline: 0.6, proof: 0.2, compile: 2.6, diff: 0.4, emit: 0.13 },
}
