import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decodeListed,
  decodeListReply,
  decodeStatus,
  encodeAction,
  encodeGet,
  encodeList,
  encodeUpload,
  listBuffers,
  type ListBuffers,
  type LoadedLivepatch,
} from './livepatch-abi.ts'
import { livepatchMessages } from './livepatch.ts'

/**
 * The structures as C has them, for both forms. gcc fills one of each with numbers that all differ,
 * and writes its bytes.
 */
const STRUCTURES = `
#include <stdint.h>
#include <stdio.h>
#include <string.h>
typedef uint64_t handle __attribute__((aligned(8)));
struct name { handle characters; uint16_t size; uint16_t zero[3]; };
struct status { uint32_t state; int32_t rc; };
struct upload { struct name name; uint64_t size; handle payload; };
struct get { struct name name; struct status status; };
struct old_list { uint32_t version, idx, nr, pad; handle status, name, len; };
struct new_list { uint32_t version, idx, nr, pad, name_total, metadata_total;
  handle status, name, len, metadata, metadata_len; };
struct old_action { struct name name; uint32_t cmd, timeout; };
struct new_action { struct name name; uint32_t cmd, timeout, flags, pad; };
struct op { uint32_t cmd, pad; union {
  struct upload upload; struct get get; struct old_list old_list; struct new_list new_list;
  struct old_action old_action; struct new_action new_action; uint8_t all[120]; } u; };
static struct op op;
static struct op *start(uint32_t cmd) { memset(&op, 0, sizeof op); op.cmd = cmd; return &op; }
static void end(void) { fwrite(&op, sizeof op, 1, stdout); }
#define NAME { .characters = 0x1111222233334444, .size = 9 }
int main(void) {
  start(0)->u.upload = (struct upload){ NAME, 0x123456, 0x5555666677778888 }; end();
  start(1)->u.get = (struct get){ .name = NAME }; end();
  start(1)->u.get = (struct get){ .name = NAME, .status = { 2, -11 } }; end();
  start(3)->u.old_action = (struct old_action){ NAME, 3, 30000000 }; end();
  start(3)->u.new_action = (struct new_action){ NAME, 3, 30000000, 1, 0 }; end();
  start(2)->u.old_list = (struct old_list){ .idx = 5, .nr = 2, .status = 0x1000, .len = 0x1010,
    .name = 0x1020 }; end();
  start(2)->u.new_list = (struct new_list){ .idx = 5, .nr = 2, .name_total = 30,
    .metadata_total = 40, .status = 0x1000, .len = 0x1010, .metadata_len = 0x1018,
    .name = 0x1020, .metadata = 0x1020 + 30 }; end();
  start(2)->u.new_list = (struct new_list){ .version = 7, .nr = 3, .name_total = 30,
    .metadata_total = 40 }; end();
  return 0;
}
`
const OP_BYTES = 128
const NAMES = [
  'upload',
  'get',
  'got',
  'old action',
  'new action',
  'old list',
  'new list',
  'new list reply',
] as const

let folder: string
let compiled: Buffer

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'livepatch-abi-'))
  const source = path.join(folder, 'structures.c')
  writeFileSync(source, STRUCTURES)
  const program = path.join(folder, 'structures')
  execFileSync('gcc', ['-Wall', '-Werror', '-o', program, source])
  compiled = execFileSync(program)
})

afterAll(() => rmSync(folder, { recursive: true }))

function structure(name: (typeof NAMES)[number]): Uint8Array {
  const from = NAMES.indexOf(name) * OP_BYTES
  return Uint8Array.from(compiled.subarray(from, from + OP_BYTES))
}

function filled(fill: (args: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(OP_BYTES)
  fill(new DataView(bytes.buffer))
  return bytes
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const NAME = { address: 0x1111222233334444n, byteLength: 9 }

describe('the arguments of the livepatch hypercall', () => {
  it('lie where C puts them: UPLOAD', () => {
    const payload = { address: 0x5555666677778888n, byteLength: 0x123456 }
    expect(filled((args) => encodeUpload(args, NAME, payload))).toEqual(structure('upload'))
  })

  it('lie where C puts them: GET and its answer', () => {
    expect(filled((args) => encodeGet(args, NAME))).toEqual(structure('get'))
    expect(decodeStatus(view(structure('got')))).toEqual({ state: 'applied', rc: -11 })
  })

  it.each([
    [0xd, 'old action'],
    [0x12, 'old action'],
    [0x13, 'new action'],
    [0x16, 'new action'],
  ] as const)('lie where C puts them: ACTION at interface version %i', (version, name) => {
    const action = { name: NAME, action: 'apply', timeoutNs: 30_000_000, nodeps: true } as const
    expect(filled((args) => encodeAction(args, version, action))).toEqual(structure(name))
  })

  it.each([
    [0xd, 'old list'],
    [0x12, 'old list'],
    [0x13, 'new list'],
    [0x16, 'new list'],
  ] as const)('lie where C puts them: LIST at interface version %i', (version, name) => {
    const reply = { version: 0, remaining: 2, nameBytes: 30, metadataBytes: 40 }
    const buffers = listBuffers(version, reply)
    const into = { address: 0x1000n, buffers, first: 5 }
    expect(filled((args) => encodeList(args, version, into))).toEqual(structure(name))
  })

  it('of LIST tell the sizes from interface version 0x13, and none before', () => {
    const reply = view(structure('new list reply'))
    expect(decodeListReply(reply, 0x13)).toEqual({
      version: 7,
      remaining: 3,
      nameBytes: 30,
      metadataBytes: 40,
    })
    expect(decodeListReply(reply, 0x12)).toEqual({
      version: 7,
      remaining: 3,
      nameBytes: 0,
      metadataBytes: 0,
    })
  })

  it('tell a state that is not known as none', () => {
    const answer = filled((args) => args.setUint32(24, 3, true))
    expect(decodeStatus(view(answer)).state).toBeUndefined()
  })
})

/** As Xen fills the buffers of LIST: names a stride apart up to 0x12, one behind the other since. */
function listedByXen(
  version: number,
  payloads: readonly LoadedLivepatch[],
): { readonly bytes: Uint8Array; readonly buffers: ListBuffers } {
  const encode = (strings: readonly string[]): Buffer =>
    Buffer.from(strings.map((each) => `${each}\0`).join(''), 'latin1')
  const names = payloads.map(({ name }) => encode([name]))
  const metadata = payloads.map((each) => encode(each.metadata ?? []))
  const buffers = listBuffers(version, {
    version: 0,
    remaining: payloads.length,
    nameBytes: Buffer.concat(names).length,
    metadataBytes: Buffer.concat(metadata).length,
  })
  const bytes = Buffer.alloc(buffers.byteLength)
  let name = buffers.names
  for (const [index, payload] of payloads.entries()) {
    const nameBytes = names[index]?.length ?? 0
    bytes.writeUInt32LE(payload.state === 'applied' ? 2 : 1, buffers.status + index * 8)
    bytes.writeInt32LE(payload.rc, buffers.status + index * 8 + 4)
    bytes.writeUInt32LE(nameBytes, buffers.lengths + index * 4)
    names[index]?.copy(bytes, name)
    name += version >= 0x13 ? nameBytes : 128
    bytes.writeUInt32LE(metadata[index]?.length ?? 0, buffers.metadataLengths + index * 4)
  }
  Buffer.concat(metadata).copy(bytes, buffers.metadata)
  return { bytes, buffers }
}

describe('decodeListed()', () => {
  const characters = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 127,
  })
  const payload = (version: number): fc.Arbitrary<LoadedLivepatch> =>
    fc.record({
      name: characters,
      state: fc.constantFrom('checked', 'applied'),
      rc: fc.constantFrom(0, -11, -16, -22),
      metadata: version >= 0x13 ? fc.array(characters, { maxLength: 4 }) : fc.constant(undefined),
    })

  it.each([0xd, 0x12, 0x13, 0x16])(
    'gives back what Xen lists, at interface version %i',
    (version) => {
      fc.assert(
        fc.property(fc.array(payload(version), { maxLength: 6 }), (payloads) => {
          const { bytes, buffers } = listedByXen(version, payloads)
          expect(decodeListed(bytes, version, buffers, payloads.length)).toEqual(payloads)
        }),
        { seed: 0x115f, numRuns: 60 },
      )
    },
  )
})

describe('livepatchMessages()', () => {
  it('takes the lines about livepatches, without what stands before them', () => {
    const ring = [
      '(XEN) livepatch: one: Applying 1 functions',
      '(XEN) [2026-01-02 03:04:05] livepatch: one finished APPLY with rc=0',
      '(XEN) common/livepatch.c:473: livepatch: two: Already loaded as one!',
      '(XEN) Brought up 2 CPUs',
      '(d1) livepatch: a guest says this',
      '',
    ].join('\n')
    expect(livepatchMessages(ring)).toEqual([
      'one: Applying 1 functions',
      'one finished APPLY with rc=0',
      'two: Already loaded as one!',
    ])
  })
})
